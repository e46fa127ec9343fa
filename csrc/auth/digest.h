/* SPDX-License-Identifier: MIT
 *
 * The digest calculation (RFC 7616 3.4, RFC 8760), the same for who proves and who
 * checks.
 */
#ifndef MOONSIP_AUTH_DIGEST_H
#define MOONSIP_AUTH_DIGEST_H

#include "auth/hasher.h"

typedef enum sip_qop { SIP_QOP_NONE, SIP_QOP_AUTH, SIP_QOP_AUTH_INT } sip_qop;

/* All text without its quotes and with quoted pairs undone. */
typedef struct sip_digest {
  sip_algorithm algorithm;
  bool session; /* the "-sess" form: A1 takes nonce and cnonce in */
  sip_qop qop;  /* NONE: as RFC 2069 did, without nc and cnonce */
  sip_str ha1;  /* H(username:realm:password) in hex, or empty: */
  sip_str username, realm, password;
  sip_str nonce, cnonce, nc; /* nc: 8 hex digits */
  sip_str method, uri;
  sip_str body; /* for auth-int */
} sip_digest;

/* "MD5", "SHA-256-sess", "SHA-512-256" without case, as 7616 6.1 registers them; empty
 * is MD5 (RFC 3261 22.4). False when it is none of them. */
bool sip_digest_parse_algorithm(sip_str token, sip_algorithm *algorithm, bool *session);

/* H(username:realm:password), what may be stored instead of a password. */
sip_str sip_digest_ha1(sip_hasher *hasher, const sip_digest *digest, char hex[SIP_HASH_HEX_MAX]);

/* The value of response=. The empty slice when the hash function is not there. */
sip_str sip_digest_response(sip_hasher *hasher, const sip_digest *digest,
                            char hex[SIP_HASH_HEX_MAX]);
/* The value of rspauth= in Authentication-Info (7616 3.5): as above, without method. */
sip_str sip_digest_rspauth(sip_hasher *hasher, const sip_digest *digest,
                           char hex[SIP_HASH_HEX_MAX]);

/* Equal, in a time that tells nothing of where they differ. Hex digits compare
 * without case. */
bool sip_digest_equal(sip_str a, sip_str b);

#endif
