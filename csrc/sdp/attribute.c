/* SPDX-License-Identifier: MIT
 *
 * Names to ids, and the values that are no codec's.
 */
#include "sdp/attribute.h"

#include "base/chars.h"

static const sip_str names[] = {
#define X(id, name) [SDP_ATTRIBUTE_##id] = {(name), sizeof(name) - 1},
    SDP_ATTRIBUTES(X)
#undef X
};

enum { NAME_COUNT = sizeof names / sizeof *names };

bool sdp_attribute_parse(sip_str text, sdp_attribute *out) {
  size_t colon = sip_str_index(text, ':');
  *out = (sdp_attribute){.name = sip_str_make(text.ptr, colon), .has_value = colon < text.len};
  out->value = sip_str_between(text.ptr + colon + out->has_value, text.ptr + text.len);
  return sdp_token_is_valid(out->name);
}

sdp_attribute_id sdp_attribute_find(sip_str name) {
  for (int id = SDP_ATTRIBUTE_OTHER + 1; id < NAME_COUNT; id++) {
    if (sip_str_equal(names[id], name)) return (sdp_attribute_id)id;
  }
  return SDP_ATTRIBUTE_OTHER;
}

int sdp_direction_of(sdp_attribute_id id) {
  switch (id) {
  case SDP_ATTRIBUTE_INACTIVE:
    return SDP_INACTIVE;
  case SDP_ATTRIBUTE_SENDONLY:
    return SDP_SENDONLY;
  case SDP_ATTRIBUTE_RECVONLY:
    return SDP_RECVONLY;
  case SDP_ATTRIBUTE_SENDRECV:
    return SDP_SENDRECV;
  default:
    return -1;
  }
}

int sdp_direction_parse(sip_str name) {
  return sdp_direction_of(sdp_attribute_find(name));
}

sip_str sdp_direction_name(sdp_direction direction) {
  return names[SDP_ATTRIBUTE_INACTIVE + (int)direction];
}

sdp_direction sdp_direction_reverse(sdp_direction direction) {
  int sends = direction & SDP_SENDONLY, receives = direction & SDP_RECVONLY;
  return (sdp_direction)((sends ? SDP_RECVONLY : 0) | (receives ? SDP_SENDONLY : 0));
}

sdp_direction sdp_direction_agree(sdp_direction ours, sdp_direction theirs) {
  return (sdp_direction)(ours & sdp_direction_reverse(theirs));
}

/* non-zero-int-or-real */
uint16_t sdp_ptime_parse(sip_str value) {
  value = sip_str_trim(value);
  size_t dot = sip_str_index(value, '.');
  uint64_t ms;
  if (!sip_str_to_number(sip_str_make(value.ptr, dot), UINT16_MAX, &ms)) return 0;
  if (dot == value.len) return (uint16_t)ms;
  bool fraction =
      sip_str_is(sip_str_make(value.ptr + dot + 1, value.len - dot - 1), SIP_CHAR_DIGIT);
  return fraction ? (uint16_t)ms : 0;
}

bool sdp_rtcp_parse(sip_str value, sdp_rtcp *out) {
  *out = (sdp_rtcp){0};
  sdp_fields fields = sdp_fields_of(value);
  uint64_t port;
  if (!sdp_field_number(&fields, UINT16_MAX, &port) || port == 0) return false;
  out->port = (uint16_t)port;
  if (sdp_fields_finish(&fields)) return true;
  out->has_connection = true;
  return sdp_connection_parse(&fields, &out->connection) == 0;
}
