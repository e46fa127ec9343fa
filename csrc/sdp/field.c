/* SPDX-License-Identifier: MIT
 *
 * Spaces, tokens and numbers.
 */
#include "sdp/field.h"

enum { FIRST_VISIBLE = 0x21, DEL = 0x7f };

/* token-char: bit c % 32 of word c / 32. VCHAR without "(),/:;<=>?@[\] */
static const uint32_t token_chars[4] = {0, 0x03ff6cfa, 0xc7fffffe, 0x7fffffff};

static bool is_token_char(char c) {
  unsigned char byte = (unsigned char)c;
  return byte <= DEL && (token_chars[byte / 32] >> byte % 32 & 1);
}

bool sdp_token_is_valid(sip_str text) {
  for (size_t i = 0; i < text.len; i++) {
    if (!is_token_char(text.ptr[i])) return false;
  }
  return text.len > 0;
}

/* non-ws-string */
static bool is_visible(sip_str text) {
  for (size_t i = 0; i < text.len; i++) {
    unsigned char byte = (unsigned char)text.ptr[i];
    if (byte < FIRST_VISIBLE || byte == DEL) return false;
  }
  return true;
}

static void skip_spaces(sdp_fields *fields) {
  while (fields->at < fields->end && *fields->at == ' ') fields->at++;
}

bool sdp_field_next(sdp_fields *fields, sip_str *out) {
  skip_spaces(fields);
  const char *from = fields->at;
  while (fields->at < fields->end && *fields->at != ' ') fields->at++;
  *out = sip_str_between(from, fields->at);
  return out->len > 0;
}

/* Back to the field that is wrong. */
static bool reject(sdp_fields *fields, sip_str field) {
  fields->at = field.ptr;
  return false;
}

bool sdp_field_token(sdp_fields *fields, sip_str *out) {
  if (!sdp_field_next(fields, out)) return false;
  return sdp_token_is_valid(*out) || reject(fields, *out);
}

bool sdp_field_visible(sdp_fields *fields, sip_str *out) {
  if (!sdp_field_next(fields, out)) return false;
  return is_visible(*out) || reject(fields, *out);
}

bool sdp_field_number(sdp_fields *fields, uint64_t max, uint64_t *out) {
  sip_str field;
  if (!sdp_field_next(fields, &field)) return false;
  return sip_str_to_number(field, max, out) || reject(fields, field);
}

bool sdp_fields_finish(sdp_fields *fields) {
  skip_spaces(fields);
  return fields->at == fields->end;
}
