/* SPDX-License-Identifier: MIT
 *
 * Accept, Accept-Encoding and Accept-Language: what the peer can take, with a
 * preference (RFC 3261 20.1 to 20.3).
 */
#ifndef MOONSIP_SIP_ACCEPT_H
#define MOONSIP_SIP_ACCEPT_H

#include "sip/media_type.h"

typedef struct sip_accept {
  sip_str range;        /* "text/plain", "text/" and a star, "gzip", "en-gb", "*" */
  sip_str params;       /* q among them, with the first ";"; or empty */
  int q;                /* thousandths, 1000 when absent */
  sip_media_type media; /* of Accept only */
} sip_accept;

/* One value each: 0 or SIP_E_HEADER. */
int sip_accept_parse(sip_str value, sip_accept *out);
int sip_accept_encoding_parse(sip_str value, sip_accept *out);
int sip_accept_language_parse(sip_str value, sip_accept *out);

/* language-tag, as in Content-Language too (subtags as in RFC 5646 2.1, which
 * has digits in them). */
bool sip_scan_language(sip_scan *scan, sip_str *out);

#endif
