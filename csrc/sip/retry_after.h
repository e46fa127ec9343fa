/* SPDX-License-Identifier: MIT
 *
 * Retry-After (RFC 3261 20.33).
 */
#ifndef MOONSIP_SIP_RETRY_AFTER_H
#define MOONSIP_SIP_RETRY_AFTER_H

#include "sip/param.h"

typedef struct sip_retry_after {
  uint32_t seconds;
  sip_str comment; /* with its parentheses; empty when absent */
  bool has_duration;
  uint32_t duration; /* seconds that the callee will be there */
  sip_str params;    /* with the first ";", or empty */
} sip_retry_after;

/* 0, SIP_E_HEADER or SIP_E_NUMBER. */
int sip_retry_after_parse(sip_str value, sip_retry_after *out);

#endif
