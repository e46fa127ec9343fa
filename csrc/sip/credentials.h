/* SPDX-License-Identifier: MIT
 *
 * Credentials of the scheme Digest, as the parameters that clients send (RFC 7616 3.4).
 */
#ifndef MOONSIP_SIP_CREDENTIALS_H
#define MOONSIP_SIP_CREDENTIALS_H

#include "base/buffer.h"
#include "sip/auth.h"

/* All without quotes, and with quoted pairs undone. One whose ptr is NULL did not come. */
typedef struct sip_credentials {
  sip_str username, realm, nonce, uri, response, algorithm, cnonce, qop, nc;
} sip_credentials;

/* From what follows the scheme. They are slices of that, or of `text`, which is cleared,
 * where something had to be undone. 0; SIP_E_HEADER when it is malformed or one of them
 * comes twice; SIP_E_MEMORY. */
int sip_credentials_parse(sip_str params, sip_buffer *text, sip_credentials *out);

/* Those that are slices of `from` become slices of its copy at `to`. */
void sip_credentials_move(sip_credentials *credentials, sip_str from, const char *to);

/* Those that every client must send are there. */
bool sip_credentials_are_whole(const sip_credentials *credentials);

#endif
