/* SPDX-License-Identifier: MIT
 *
 * bwtype ":" bandwidth
 */
#include "sdp/bandwidth.h"

#include "base/error.h"

int sdp_bandwidth_parse(sdp_fields *fields, sdp_bandwidth *out) {
  *out = (sdp_bandwidth){0};
  sip_str field;
  if (!sdp_field_next(fields, &field)) return SIP_E_SDP_LINE;
  size_t colon = sip_str_index(field, ':');
  out->type = sip_str_make(field.ptr, colon);
  sip_str number = sip_str_make(field.ptr + colon, field.len - colon);
  bool sound =
      number.len > 1 && sdp_token_is_valid(out->type) &&
      sip_str_to_number(sip_str_make(number.ptr + 1, number.len - 1), UINT64_MAX / 2, &out->value);
  if (!sound) fields->at = field.ptr;
  return sound && sdp_fields_finish(fields) ? 0 : SIP_E_SDP_LINE;
}
