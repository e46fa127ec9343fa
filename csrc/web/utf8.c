/* SPDX-License-Identifier: MIT
 *
 * RFC 3629 4: no overlong form, no surrogate, nothing above U+10FFFF.
 */
#include "web/utf8.h"

#include <string.h>

/* How many bytes follow the first one, and between what the second must be. */
typedef struct shape {
  unsigned char first, last; /* of the first byte */
  unsigned char least, most; /* of the second */
  unsigned char more;
} shape;

static const shape shapes[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2}, {0xe1, 0xec, 0x80, 0xbf, 2},
    {0xed, 0xed, 0x80, 0x9f, 2}, {0xee, 0xef, 0x80, 0xbf, 2}, {0xf0, 0xf0, 0x90, 0xbf, 3},
    {0xf1, 0xf3, 0x80, 0xbf, 3}, {0xf4, 0xf4, 0x80, 0x8f, 3},
};

/* Bytes of the character at the front, or 0 when it is none. */
static size_t length_of(const unsigned char *at, size_t left) {
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    const shape *s = &shapes[i];
    if (at[0] < s->first || at[0] > s->last) continue;
    if (left <= s->more || at[1] < s->least || at[1] > s->most) return 0;
    for (size_t k = 2; k <= s->more; k++) {
      if (at[k] < 0x80 || at[k] > 0xbf) return 0;
    }
    return s->more + 1u;
  }
  return 0;
}

/* How many bytes at the front are ASCII, in steps of eight: most of SIP is nothing else. */
static size_t ascii_len(const unsigned char *at, size_t left) {
  static const uint64_t high_bits = 0x8080808080808080;
  uint64_t eight;
  size_t len = 0;
  for (; left - len >= sizeof eight; len += sizeof eight) {
    memcpy(&eight, at + len, sizeof eight);
    if (eight & high_bits) break;
  }
  return len;
}

bool web_is_utf8(sip_str text) {
  const unsigned char *at = (const unsigned char *)text.ptr;
  for (size_t i = ascii_len(at, text.len); i < text.len;) {
    size_t len = at[i] < 0x80 ? 1 : length_of(at + i, text.len - i);
    if (len == 0) return false;
    i += len;
    if (len > 1) i += ascii_len(at + i, text.len - i);
  }
  return true;
}
