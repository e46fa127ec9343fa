/* SPDX-License-Identifier: MIT
 *
 * Reason: why a call is ended (RFC 3326 2).
 */
#ifndef MOONSIP_SIP_REASON_H
#define MOONSIP_SIP_REASON_H

#include "sip/param.h"

typedef struct sip_reason {
  sip_str protocol; /* "SIP", "Q.850" ... */
  bool has_cause;
  uint32_t cause;
  sip_str text;   /* quotes kept; empty when absent */
  sip_str params; /* with the first ";", or empty */
} sip_reason;

/* One value. 0, SIP_E_HEADER or SIP_E_NUMBER. */
int sip_reason_parse(sip_str value, sip_reason *out);

#endif
