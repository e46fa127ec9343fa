/* SPDX-License-Identifier: MIT
 *
 * The look-up of a header name: one probe of a perfect hash, one comparison. It is
 * inline for the loop over the lines of a message; sip_header_find is for the rest.
 */
#ifndef MOONSIP_SIP_HEADER_FIND_H
#define MOONSIP_SIP_HEADER_FIND_H

#include "sip/bytes.h"
#include "sip/header.h"
#include "sip/header_hash.h"

enum { SIP_NAME_ROOM = 32 }; /* the longest name fits; the bytes after a name are NUL */

typedef struct sip_header_facts {
  uint8_t len;
  char compact;
  uint16_t kind; /* which makes four bytes of it: an index is a shift */
} sip_header_facts;

extern const char sip_header_names[SIP_HEADER_COUNT][SIP_NAME_ROOM];
extern const sip_header_facts sip_header_fact[SIP_HEADER_COUNT];

/* Equal without case. In a known name only letters have the bit 0x40, so only where
 * it is set may the bit 0x20, which is a letter's case, differ. */
static inline bool sip_same_word(const char *known, const char *text) {
  uint64_t k, t;
  memcpy(&k, known, sizeof k);
  memcpy(&t, text, sizeof t);
  uint64_t cases = (k & UINT64_C(0x4040404040404040)) >> 1;
  return (k | cases) == (t | cases);
}

/* At least eight bytes. */
bool sip_same_long_name(const char *known, sip_str name);

#ifdef __SSE2__
/* At most sixteen bytes, with sixteen readable. */
static inline bool sip_same_block(const char *known, sip_str name) {
  __m128i k = sip_block_at(known), t = sip_block_at(name.ptr);
  __m128i cases = _mm_srli_epi16(_mm_and_si128(k, _mm_set1_epi8(0x40)), 1);
  __m128i same = _mm_cmpeq_epi8(_mm_or_si128(k, cases), _mm_or_si128(t, cases));
  unsigned wanted = (1U << name.len) - 1;
  return ((unsigned)_mm_movemask_epi8(same) & wanted) == wanted;
}
#endif

static inline bool sip_same_name(const char *known, sip_str name, const char *limit) {
#ifdef __SSE2__
  if (name.len <= SIP_BLOCK && limit - name.ptr >= SIP_BLOCK) return sip_same_block(known, name);
#else
  (void)limit;
#endif
  if (name.len >= 8) return sip_same_long_name(known, name);
  return sip_str_equal_nocase(sip_str_make(known, name.len), name);
}

/* Eight bytes as a number, the first one lowest. */
static inline uint64_t sip_word_at(const char *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

/* Fewer than eight. */
static inline uint64_t sip_short_word(sip_str name, const char *limit) {
  uint64_t bytes = (UINT64_C(1) << (8 * name.len)) - 1;
  if (limit - name.ptr >= 8) return sip_word_at(name.ptr) & bytes;
  uint64_t word = 0;
  for (size_t i = 0; i < name.len; i++) word |= (uint64_t)(unsigned char)name.ptr[i] << (8 * i);
  return word;
}

/* Without the bit that is a letter's case; so a short name ends in blanks. */
static inline unsigned sip_name_slot(sip_str name, const char *limit) {
  const uint64_t lower = UINT64_C(0x2020202020202020);
  bool is_short = name.len < 8;
  uint64_t head = (is_short ? sip_short_word(name, limit) : sip_word_at(name.ptr)) | lower;
  uint64_t tail = is_short ? head : sip_word_at(name.ptr + name.len - 8) | lower;
  return (unsigned)((head * HASH_HEAD + tail) * HASH_SUM >> (64 - HASH_SLOT_BITS));
}

/* By long or compact name, without case; bytes behind it may be read up to `limit`. */
static inline sip_header_id sip_header_find_within(sip_str name, const char *limit) {
  unsigned id = hash_slots[sip_name_slot(name, limit)];
  if (sip_header_fact[id].len == name.len && name.len > 0) {
    bool same = sip_same_name(sip_header_names[id], name, limit);
    return same ? (sip_header_id)id : SIP_HEADER_UNKNOWN;
  }
  bool compact = name.len == 1 && sip_char_lower(name.ptr[0]) == sip_header_fact[id].compact;
  return compact ? (sip_header_id)id : SIP_HEADER_UNKNOWN;
}

#endif
