/* SPDX-License-Identifier: MIT
 *
 * o=: who made a description, of which session, in which version (RFC 8866 5.2).
 */
#ifndef MOONSIP_SDP_ORIGIN_H
#define MOONSIP_SDP_ORIGIN_H

#include "sdp/field.h"

/* Slices of the value. The numbers stay text: peers send some that exceed 64 bits. */
typedef struct sdp_origin {
  sip_str username;
  sip_str session_id;
  sip_str session_version;
  sip_str nettype;
  sip_str addrtype;
  sip_str address;
} sdp_origin;

/* 0, or SIP_E_SDP_LINE with the cursor at the field that is wrong. */
int sdp_origin_parse(sdp_fields *fields, sdp_origin *out);

#endif
