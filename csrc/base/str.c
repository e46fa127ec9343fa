/* SPDX-License-Identifier: MIT
 *
 * Comparing, trimming and reading numbers out of slices.
 */
#include "base/str.h"

#include "base/chars.h"

bool sip_str_equal_nocase(sip_str a, sip_str b) {
  if (a.len != b.len) return false;
  for (size_t i = 0; i < a.len; i++) {
    if (a.ptr[i] == b.ptr[i]) continue;
    if (sip_char_lower(a.ptr[i]) != sip_char_lower(b.ptr[i])) return false;
  }
  return true;
}

bool sip_str_starts_nocase(sip_str text, sip_str prefix) {
  if (text.len < prefix.len) return false;
  return sip_str_equal_nocase(sip_str_make(text.ptr, prefix.len), prefix);
}

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

sip_str sip_str_trim(sip_str text) {
  while (text.len > 0 && is_space(text.ptr[0])) {
    text.ptr++;
    text.len--;
  }
  while (text.len > 0 && is_space(text.ptr[text.len - 1])) text.len--;
  return text;
}

size_t sip_str_index(sip_str text, char byte) {
  if (text.len == 0) return 0;
  const char *at = memchr(text.ptr, byte, text.len);
  return at ? (size_t)(at - text.ptr) : text.len;
}

bool sip_str_param(sip_str list, sip_str name, sip_str *value) {
  while (list.len > 0) {
    size_t len = sip_str_index(list, ';');
    sip_str pair = sip_str_make(list.ptr, len);
    size_t equal = sip_str_index(pair, '=');
    if (equal < len && sip_str_equal_nocase(sip_str_trim(sip_str_make(pair.ptr, equal)), name)) {
      *value = sip_str_trim(sip_str_make(pair.ptr + equal + 1, len - equal - 1));
      return true;
    }
    if (len == list.len) break;
    list = sip_str_make(list.ptr + len + 1, list.len - len - 1);
  }
  return false;
}

bool sip_str_to_number(sip_str text, uint64_t max, uint64_t *out) {
  if (text.len == 0) return false;
  uint64_t value = 0;
  for (size_t i = 0; i < text.len; i++) {
    if (!sip_char_is(text.ptr[i], SIP_CHAR_DIGIT)) return false;
    uint64_t digit = (uint64_t)(text.ptr[i] - '0');
    if (value > (max - digit) / 10 || digit > max) return false;
    value = value * 10 + digit;
  }
  *out = value;
  return true;
}

bool sip_str_has_line_break(sip_str text) {
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    if (c == '\r' || c == '\n' || c == '\0') return true;
  }
  return false;
}
