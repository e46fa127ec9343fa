/* SPDX-License-Identifier: MIT
 *
 * media SP port ["/" integer] SP proto 1*(SP fmt)
 */
#include "sdp/media_line.h"

#include "base/error.h"

bool sdp_proto_is_valid(sip_str proto) {
  while (true) {
    size_t slash = sip_str_index(proto, '/');
    if (!sdp_token_is_valid(sip_str_make(proto.ptr, slash))) return false;
    if (slash == proto.len) return true;
    proto.ptr += slash + 1;
    proto.len -= slash + 1;
  }
}

bool sdp_proto_is_rtp(sip_str proto) {
  const sip_str rtp = SIP_STR("RTP/");
  for (size_t at = 0; at + rtp.len < proto.len; at++) {
    bool begins = at == 0 || proto.ptr[at - 1] == '/';
    if (begins && memcmp(proto.ptr + at, rtp.ptr, rtp.len) == 0) return true;
  }
  return false;
}

static bool take_port(sdp_fields *fields, sdp_media_line *out) {
  if (!sdp_field_next(fields, &out->port_text)) return false;
  sip_str port = out->port_text;
  uint64_t number, count = 1;
  size_t slash = sip_str_index(port, '/');
  bool sound = sip_str_to_number(sip_str_make(port.ptr, slash), UINT16_MAX, &number);
  if (sound && slash < port.len) {
    sip_str rest = sip_str_make(port.ptr + slash + 1, port.len - slash - 1);
    sound = sip_str_to_number(rest, UINT16_MAX, &count) && count > 0;
  }
  if (!sound) {
    fields->at = port.ptr;
    return false;
  }
  out->port = (uint16_t)number;
  out->port_count = (uint16_t)count;
  return true;
}

static bool take_proto(sdp_fields *fields, sip_str *out) {
  if (!sdp_field_next(fields, out)) return false;
  if (sdp_proto_is_valid(*out)) return true;
  fields->at = out->ptr;
  return false;
}

int sdp_media_line_parse(sdp_fields *fields, sdp_media_line *out) {
  *out = (sdp_media_line){0};
  bool sound = sdp_field_token(fields, &out->type) && take_port(fields, out) &&
               take_proto(fields, &out->proto) && !sdp_fields_finish(fields);
  if (!sound) return SIP_E_SDP_LINE;
  out->formats = sip_str_between(fields->at, fields->end);
  return 0;
}
