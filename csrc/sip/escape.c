/* SPDX-License-Identifier: MIT
 *
 * Percent-encoding (RFC 3261 19.1.2, RFC 3986 2.1). Undone once, never again:
 * "%2541" is "%41", not "A".
 */
#include "sip/escape.h"

#include "base/error.h"

int sip_unescape(sip_str text, sip_buffer *out) {
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] != '%') {
      sip_buffer_add_char(out, text.ptr[i]);
      continue;
    }
    if (!sip_escape_at(text.ptr + i, text.ptr + text.len)) return SIP_E_URI;
    int high = sip_char_hex(text.ptr[i + 1]), low = sip_char_hex(text.ptr[i + 2]);
    sip_buffer_add_char(out, (char)(high << 4 | low));
    i += 2;
  }
  return 0;
}

void sip_escape(sip_str text, unsigned classes, sip_buffer *out) {
  static const char digits[] = "0123456789ABCDEF"; /* RFC 3986 2.1: upper case */
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.ptr[i];
    if (sip_char_is((char)c, classes)) {
      sip_buffer_add_char(out, (char)c);
      continue;
    }
    sip_buffer_add_char(out, '%');
    sip_buffer_add_char(out, digits[c >> 4]);
    sip_buffer_add_char(out, digits[c & 15]);
  }
}

/* RFC 2396 2.2, which RFC 3261 19.1.4 refers to. */
static bool is_reserved(int c) {
  return c != 0 && memchr(";/?:@&=+$,", c, 10) != NULL;
}

/* The next character, with what an escape stands for unless that is reserved:
 * those come back as 256 and more, so that "%3B" differs from ";". */
static int next_unit(const char **at, const char *end) {
  enum { ESCAPED = 256 };
  if (!sip_escape_at(*at, end)) return (unsigned char)*(*at)++;
  int c = sip_char_hex((*at)[1]) << 4 | sip_char_hex((*at)[2]);
  *at += 3;
  return is_reserved(c) ? ESCAPED + c : c;
}

static int lower_unit(int unit) {
  return unit >= 'A' && unit <= 'Z' ? unit | 0x20 : unit;
}

bool sip_escaped_equal(sip_str a, sip_str b, bool case_matters) {
  if (a.len == 0 || b.len == 0) return a.len == b.len;
  const char *x = a.ptr, *x_end = a.ptr + a.len, *y = b.ptr, *y_end = b.ptr + b.len;
  while (x < x_end && y < y_end) {
    int p = next_unit(&x, x_end), q = next_unit(&y, y_end);
    if (p != q && (case_matters || lower_unit(p) != lower_unit(q))) return false;
  }
  return x == x_end && y == y_end;
}
