/* SPDX-License-Identifier: MIT
 *
 * Timestamp (RFC 3261 20.38, 8.2.6.1).
 */
#ifndef MOONSIP_SIP_TIMESTAMP_H
#define MOONSIP_SIP_TIMESTAMP_H

#include "sip/scan.h"

typedef struct sip_timestamp {
  sip_str time;  /* digits with at most one "." in them: the sender's own clock */
  sip_str delay; /* likewise; empty when absent */
} sip_timestamp;

/* 0 or SIP_E_HEADER. */
int sip_timestamp_parse(sip_str value, sip_timestamp *out);

#endif
