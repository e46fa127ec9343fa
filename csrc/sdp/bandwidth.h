/* SPDX-License-Identifier: MIT
 *
 * b=: bandwidth by its kind, kilobits per second unless the kind says otherwise
 * (RFC 8866 5.8).
 */
#ifndef MOONSIP_SDP_BANDWIDTH_H
#define MOONSIP_SDP_BANDWIDTH_H

#include "sdp/field.h"

typedef struct sdp_bandwidth {
  sip_str type; /* "AS", "CT", "TIAS" ... */
  uint64_t value;
} sdp_bandwidth;

/* 0, or SIP_E_SDP_LINE with the cursor at the field that is wrong. */
int sdp_bandwidth_parse(sdp_fields *fields, sdp_bandwidth *out);

#endif
