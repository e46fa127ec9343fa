/* SPDX-License-Identifier: MIT
 *
 * Challenges and credentials: a scheme with its parameters (RFC 3261 25.1
 * challenge, credentials, ainfo; RFC 8898 for Bearer).
 */
#ifndef MOONSIP_SIP_AUTH_H
#define MOONSIP_SIP_AUTH_H

#include "sip/param.h"

typedef struct sip_auth {
  sip_str scheme;  /* "Digest" */
  sip_str params;  /* "realm=..., nonce=...", or empty */
  sip_str token68; /* of schemes that have that instead, as Bearer */
} sip_auth;

/* One whole value of WWW-Authenticate, Proxy-Authenticate, Authorization or
 * Proxy-Authorization. 0 or SIP_E_HEADER; a parameter may come once. */
int sip_auth_parse(sip_str value, sip_auth *out);

/* The scheme alone, and what follows it: SIP_E_HEADER when there is none. */
int sip_auth_parse_scheme(sip_str value, sip_auth *out);

/* The next parameter of *rest, which is a copy of sip_auth.params or the value of
 * Authentication-Info. 1 and *rest moved on, 0 at the end, SIP_E_HEADER. */
int sip_auth_next(sip_str *rest, sip_param *out);

/* By name, without case. */
bool sip_auth_find(const sip_auth *auth, sip_str name, sip_param *out);

#endif
