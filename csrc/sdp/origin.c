/* SPDX-License-Identifier: MIT
 *
 * username SP sess-id SP sess-version SP nettype SP addrtype SP unicast-address
 */
#include "sdp/origin.h"

#include "base/chars.h"
#include "base/error.h"

static bool take_digits(sdp_fields *fields, sip_str *out) {
  if (!sdp_field_next(fields, out)) return false;
  if (sip_str_is(*out, SIP_CHAR_DIGIT)) return true;
  fields->at = out->ptr;
  return false;
}

int sdp_origin_parse(sdp_fields *fields, sdp_origin *out) {
  *out = (sdp_origin){0};
  bool sound = sdp_field_visible(fields, &out->username) && take_digits(fields, &out->session_id) &&
               take_digits(fields, &out->session_version) &&
               sdp_field_token(fields, &out->nettype) && sdp_field_token(fields, &out->addrtype) &&
               sdp_field_visible(fields, &out->address) && sdp_fields_finish(fields);
  return sound ? 0 : SIP_E_SDP_LINE;
}
