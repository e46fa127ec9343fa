/* SPDX-License-Identifier: MIT
 *
 * Numbers of any length (5.9: the values do not wrap in 2036), with a unit in
 * r= and z=.
 */
#include "sdp/timing.h"

#include "base/chars.h"
#include "base/error.h"

enum { REPEAT_FIELDS_MIN = 3 };

static bool reject(sdp_fields *fields, sip_str field) {
  fields->at = field.ptr;
  return false;
}

static bool take_digits(sdp_fields *fields) {
  sip_str field;
  if (!sdp_field_next(fields, &field)) return false;
  return sip_str_is(field, SIP_CHAR_DIGIT) || reject(fields, field);
}

static bool is_unit(char c) {
  return c == 'd' || c == 'h' || c == 'm' || c == 's';
}

/* typed-time, after a "-" where one is allowed */
static bool take_typed(sdp_fields *fields, bool negative) {
  sip_str field;
  if (!sdp_field_next(fields, &field)) return false;
  sip_str digits = field;
  if (negative && digits.ptr[0] == '-') {
    digits.ptr++;
    digits.len--;
  }
  if (digits.len > 1 && is_unit(digits.ptr[digits.len - 1])) digits.len--;
  return sip_str_is(digits, SIP_CHAR_DIGIT) || reject(fields, field);
}

int sdp_time_check(sdp_fields *fields) {
  bool sound = take_digits(fields) && take_digits(fields) && sdp_fields_finish(fields);
  return sound ? 0 : SIP_E_SDP_LINE;
}

int sdp_repeat_check(sdp_fields *fields) {
  int count = 0;
  for (; !sdp_fields_finish(fields); count++) {
    if (!take_typed(fields, false)) return SIP_E_SDP_LINE;
  }
  return count >= REPEAT_FIELDS_MIN ? 0 : SIP_E_SDP_LINE;
}

int sdp_zone_check(sdp_fields *fields) {
  do {
    if (!take_digits(fields) || !take_typed(fields, true)) return SIP_E_SDP_LINE;
  } while (!sdp_fields_finish(fields));
  return 0;
}
