/* SPDX-License-Identifier: MIT
 *
 * a=: attributes (RFC 8866 5.13). Those that this layer understands have ids;
 * every other one is kept as it came.
 */
#ifndef MOONSIP_SDP_ATTRIBUTE_H
#define MOONSIP_SDP_ATTRIBUTE_H

#include "sdp/connection.h"

#define SDP_ATTRIBUTES(X) \
  X(RTPMAP, "rtpmap")     \
  X(FMTP, "fmtp")         \
  X(RTCP_FB, "rtcp-fb")   \
  X(PTIME, "ptime")       \
  X(MAXPTIME, "maxptime") \
  X(RTCP, "rtcp")         \
  X(RTCP_MUX, "rtcp-mux") \
  X(INACTIVE, "inactive") \
  X(SENDONLY, "sendonly") \
  X(RECVONLY, "recvonly") \
  X(SENDRECV, "sendrecv")

typedef enum sdp_attribute_id {
  SDP_ATTRIBUTE_OTHER,
#define X(id, name) SDP_ATTRIBUTE_##id,
  SDP_ATTRIBUTES(X)
#undef X
} sdp_attribute_id;

typedef struct sdp_attribute {
  sip_str name;
  sip_str value; /* behind the colon, as it is; empty, at the end, when there is none */
  bool has_value;
} sdp_attribute;

/* attribute-name [":" attribute-value]. False when the name is no token, as in "a=". */
bool sdp_attribute_parse(sip_str text, sdp_attribute *out);

/* Names are compared byte by byte. */
sdp_attribute_id sdp_attribute_find(sip_str name);

/* --- Direction (RFC 8866 6.7, RFC 3264 5.1, 6.1) ---------------------------- */

/* As bits, so that what two sides agree on is an intersection. */
typedef enum sdp_direction {
  SDP_INACTIVE = 0,
  SDP_SENDONLY = 1,
  SDP_RECVONLY = 2,
  SDP_SENDRECV = SDP_SENDONLY | SDP_RECVONLY
} sdp_direction;

/* Of one of the four attributes, or -1. */
int sdp_direction_of(sdp_attribute_id id);
/* By name: 0 to 3, or -1. */
int sdp_direction_parse(sip_str name);
sip_str sdp_direction_name(sdp_direction direction);
/* As the other side sees it: what one sends the other receives. */
sdp_direction sdp_direction_reverse(sdp_direction direction);
/* What we do when we want `ours` and they say `theirs`: RFC 3264 6.1, all of its table. */
sdp_direction sdp_direction_agree(sdp_direction ours, sdp_direction theirs);

/* --- Values ------------------------------------------------------------------ */

/* ptime and maxptime: milliseconds, a fraction cut off; 0 when it is none, for
 * it must be greater than zero (RFC 3264 5.1). */
uint16_t sdp_ptime_parse(sip_str value);

typedef struct sdp_rtcp {
  uint16_t port;
  bool has_connection;
  sdp_connection connection;
} sdp_rtcp;

/* rtcp: port [nettype SP addrtype SP connection-address] (RFC 3605 2.1). */
bool sdp_rtcp_parse(sip_str value, sdp_rtcp *out);

#endif
