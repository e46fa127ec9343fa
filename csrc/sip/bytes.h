/* SPDX-License-Identifier: MIT
 *
 * Finding the byte that ends something, sixteen bytes at a time where the machine
 * can. Each function looks at [at, end) and returns the byte found, or end. It may
 * read up to `limit`, which is end or behind it: the last bytes of a header value
 * then need no loop of their own, for the message goes on.
 */
#ifndef MOONSIP_SIP_BYTES_H
#define MOONSIP_SIP_BYTES_H

#include "base/chars.h"

#ifdef __SSE2__
#include <emmintrin.h>

enum { SIP_BLOCK = 16 };

static inline __m128i sip_block_at(const char *at) {
  return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* Bytes from `first` to first + span become 0xff, others 0. */
static inline __m128i sip_block_range(__m128i block, char first, char span) {
  __m128i from_first = _mm_sub_epi8(block, _mm_set1_epi8(first));
  return _mm_cmpeq_epi8(_mm_min_epu8(from_first, _mm_set1_epi8(span)), from_first);
}

static inline __m128i sip_block_byte(__m128i block, char c) {
  return _mm_cmpeq_epi8(block, _mm_set1_epi8(c));
}

/* One bit per byte: not of SIP_CHAR_HOST. */
static inline unsigned sip_block_not_host(__m128i block) {
  __m128i letters = sip_block_range(_mm_or_si128(block, _mm_set1_epi8(0x20)), 'a', 'z' - 'a');
  __m128i others =
      _mm_andnot_si128(sip_block_byte(block, '/'), sip_block_range(block, '-', '9' - '-'));
  return (unsigned)_mm_movemask_epi8(_mm_or_si128(letters, others)) ^ 0xffffU;
}

/* One bit per byte: of SIP_CHAR_CONTROL. */
static inline unsigned sip_block_control(__m128i block) {
  __m128i low = _mm_andnot_si128(sip_block_byte(block, '\t'), sip_block_range(block, 0, 0x1f));
  return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, sip_block_byte(block, 0x7f)));
}

/* Walks [at, end) block by block while one fits in front of `limit`; `bits` is an
 * expression of `block`. Goes on below with what is left. */
#define SIP_EACH_BLOCK(at, end, limit, bits) \
  while ((limit) - (at) >= SIP_BLOCK) {      \
    __m128i block = sip_block_at(at);        \
    unsigned found = (bits);                 \
    if (found) {                             \
      (at) += __builtin_ctz(found);          \
      return (at) < (end) ? (at) : (end);    \
    }                                        \
    (at) += SIP_BLOCK;                       \
    if ((at) >= (end)) return (end);         \
  }
#else
#define SIP_EACH_BLOCK(at, end, limit, bits) (void)(limit);
#endif

/* The first control byte other than HTAB (CR and LF are among them). */
static inline const char *sip_find_control(const char *at, const char *end) {
#ifdef __SSE2__
  for (; end - at >= SIP_BLOCK; at += SIP_BLOCK) {
    unsigned found = sip_block_control(sip_block_at(at));
    if (found) return at + __builtin_ctz(found);
  }
#endif
  while (at < end && !sip_char_is(*at, SIP_CHAR_CONTROL)) at++;
  return at;
}

/* The first byte that is no letter, digit, hyphen or dot. */
static inline const char *sip_skip_host(const char *at, const char *end, const char *limit) {
  SIP_EACH_BLOCK(at, end, limit, sip_block_not_host(block))
  while (at < end && sip_char_is(*at, SIP_CHAR_HOST)) at++;
  return at;
}

static inline const char *sip_find_byte(const char *at, const char *end, const char *limit,
                                        char c) {
  SIP_EACH_BLOCK(at, end, limit, (unsigned)_mm_movemask_epi8(sip_block_byte(block, c)))
  while (at < end && *at != c) at++;
  return at;
}

/* The first control byte, quote or backslash. */
static inline const char *sip_find_quoted(const char *at, const char *end, const char *limit) {
  SIP_EACH_BLOCK(
      at, end, limit,
      sip_block_control(block) | (unsigned)_mm_movemask_epi8(_mm_or_si128(
                                     sip_block_byte(block, '"'), sip_block_byte(block, '\\'))))
  while (at < end && *at != '"' && *at != '\\' && !sip_char_is(*at, SIP_CHAR_CONTROL)) at++;
  return at;
}

/* The first of four. */
static inline const char *sip_find_any(const char *at, const char *end, const char *limit,
                                       const char set[4]) {
  SIP_EACH_BLOCK(at, end, limit,
                 (unsigned)_mm_movemask_epi8(_mm_or_si128(
                     _mm_or_si128(sip_block_byte(block, set[0]), sip_block_byte(block, set[1])),
                     _mm_or_si128(sip_block_byte(block, set[2]), sip_block_byte(block, set[3])))))
  while (at < end && *at != set[0] && *at != set[1] && *at != set[2] && *at != set[3]) at++;
  return at;
}

#endif
