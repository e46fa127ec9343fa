/* SPDX-License-Identifier: MIT
 *
 * STUN on a UDP port that speaks SIP (RFC 5626 8, RFC 8489): keep-alives of phones behind a
 * NAT, which learn whether their binding is still the same. Both sides of it; binding requests
 * alone, without credentials, and none of RFC 3489.
 */
#ifndef MOONSIP_SIP_STUN_H
#define MOONSIP_SIP_STUN_H

#include "base/sockaddr.h"

enum { SIP_STUN_ANSWER_MAX = 64, SIP_STUN_REQUEST_LEN = 20, SIP_STUN_ID_LEN = 12 };

/* No SIP message begins like this (5626 8). */
static inline bool sip_stun_looks_like(sip_str bytes) {
  return bytes.len > 0 && (unsigned char)bytes.ptr[0] < 4;
}

/* What answers a request that came from there, and how long it is: a success with its
 * address, or 420 for attributes that have to be understood and are not. 0: it is dropped,
 * because it is no request, or damaged. No answer is longer than a request of its kind by more
 * than its address. */
size_t sip_stun_answer(sip_str request, const sip_sockaddr *from,
                       unsigned char out[SIP_STUN_ANSWER_MAX]);

/* A binding request. */
void sip_stun_ask(const unsigned char id[SIP_STUN_ID_LEN], unsigned char out[SIP_STUN_REQUEST_LEN]);

typedef struct sip_stun_reply {
  bool is_error;
  sip_sockaddr mapped; /* where the server sees us; family 0: it does not say */
} sip_stun_reply;

/* The response to that request; false for anything else. */
bool sip_stun_read(sip_str response, const unsigned char id[SIP_STUN_ID_LEN], sip_stun_reply *out);

#endif
