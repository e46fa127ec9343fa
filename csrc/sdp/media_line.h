/* SPDX-License-Identifier: MIT
 *
 * m=: type, port, protocol and formats of one medium (RFC 8866 5.14).
 */
#ifndef MOONSIP_SDP_MEDIA_LINE_H
#define MOONSIP_SDP_MEDIA_LINE_H

#include "sdp/field.h"

typedef struct sdp_media_line {
  sip_str type; /* "audio" */
  sip_str port_text;
  uint16_t port;       /* 0: rejected or removed (RFC 3264 6, 8.2) */
  uint16_t port_count; /* 1 */
  sip_str proto;       /* "RTP/AVP" */
  sip_str formats;     /* the rest of the line: one format at least */
} sdp_media_line;

/* 0, or SIP_E_SDP_LINE with the cursor at the field that is wrong. Formats are not
 * looked at; the cursor is left in front of them. */
int sdp_media_line_parse(sdp_fields *fields, sdp_media_line *out);

/* True for the profiles of RTP, whose formats are payload types: RTP/AVP, RTP/SAVP,
 * UDP/TLS/RTP/SAVPF and their like. */
bool sdp_proto_is_rtp(sip_str proto);

/* token *("/" token) */
bool sdp_proto_is_valid(sip_str proto);

#endif
