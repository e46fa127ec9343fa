/* SPDX-License-Identifier: MIT
 *
 * The fields of a line of a session description, which a space separates (RFC
 * 8866 9). More than one space between two, and spaces at the end, are passed
 * over: real peers send them. A step that does not match leaves the cursor at
 * the field that is wrong, which is how errors come by their position.
 */
#ifndef MOONSIP_SDP_FIELD_H
#define MOONSIP_SDP_FIELD_H

#include "base/str.h"

typedef struct sdp_fields {
  const char *at;
  const char *end;
} sdp_fields;

static inline sdp_fields sdp_fields_of(sip_str value) {
  const char *from = value.ptr ? value.ptr : "";
  return (sdp_fields){from, from + value.len};
}

/* The next field as it is; false at the end. */
bool sdp_field_next(sdp_fields *fields, sip_str *out);

/* The next field when it is a token, visible text, or a number of up to max. */
bool sdp_field_token(sdp_fields *fields, sip_str *out);
bool sdp_field_visible(sdp_fields *fields, sip_str *out);
bool sdp_field_number(sdp_fields *fields, uint64_t max, uint64_t *out);

/* No field is left. */
bool sdp_fields_finish(sdp_fields *fields);

/* token = 1*(token-char), which is wider than SIP's in places and narrower in others. */
bool sdp_token_is_valid(sip_str text);

#endif
