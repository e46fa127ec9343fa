/* SPDX-License-Identifier: MIT
 *
 * The highest bits come first.
 */
#include "base/base32.h"

enum { BITS = 5, MASK = 31 };

void sip_base32_write(const unsigned char *bytes, size_t len, sip_buffer *out) {
  static const char alphabet[] = "0123456789abcdefghijklmnopqrstuv";
  char *at = sip_buffer_reserve(out, sip_base32_len(len));
  if (!at) return;
  unsigned held = 0, count = 0;
  for (size_t i = 0; i < len; i++) {
    held = held << 8 | bytes[i];
    for (count += 8; count >= BITS; count -= BITS) *at++ = alphabet[held >> (count - BITS) & MASK];
  }
  if (count > 0) *at = alphabet[held << (BITS - count) & MASK];
  out->len += sip_base32_len(len);
}

static int value_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'v' ? c - 'a' + 10 : -1;
}

bool sip_base32_read(sip_str text, unsigned char *bytes, size_t len) {
  if (text.len != sip_base32_len(len)) return false;
  unsigned held = 0, count = 0;
  for (size_t i = 0; i < text.len; i++) {
    int value = value_of(text.ptr[i]);
    if (value < 0) return false;
    held = held << BITS | (unsigned)value;
    count += BITS;
    if (count < 8) continue;
    count -= 8;
    *bytes++ = (unsigned char)(held >> count);
  }
  return (held & ((1U << count) - 1)) == 0;
}
