/* SPDX-License-Identifier: MIT
 *
 * SipHash-1-3 after Aumasson and Bernstein, "SipHash: a fast short-input PRF".
 */
#include "base/hash.h"

#include <stdbool.h>

typedef struct state {
  uint64_t v0, v1, v2, v3;
} state;

static inline uint64_t rotate(uint64_t x, int bits) {
  return (x << bits) | (x >> (64 - bits));
}

static inline void mix(state *s) {
  s->v0 += s->v1;
  s->v1 = rotate(s->v1, 13) ^ s->v0;
  s->v0 = rotate(s->v0, 32);
  s->v2 += s->v3;
  s->v3 = rotate(s->v3, 16) ^ s->v2;
  s->v0 += s->v3;
  s->v3 = rotate(s->v3, 21) ^ s->v0;
  s->v2 += s->v1;
  s->v1 = rotate(s->v1, 17) ^ s->v2;
  s->v2 = rotate(s->v2, 32);
}

static inline void absorb(state *s, uint64_t word) {
  s->v3 ^= word;
  mix(s);
  s->v0 ^= word;
}

static inline state start(sip_hash_key key) {
  return (state){key.k0 ^ 0x736f6d6570736575U, key.k1 ^ 0x646f72616e646f6dU,
                 key.k0 ^ 0x6c7967656e657261U, key.k1 ^ 0x7465646279746573U};
}

static inline uint64_t finish(state *s) {
  s->v2 ^= 0xff;
  mix(s);
  mix(s);
  mix(s);
  return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

#define EVERY_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* Eight letters at once: adding to the low seven bits of a byte sets its high bit
 * when it is at least 'A', and when it is past 'Z'. */
static inline uint64_t to_lower(uint64_t word) {
  uint64_t low = word & EVERY_BYTE(0x7f);
  uint64_t from_a = low + EVERY_BYTE(0x80 - 'A');
  uint64_t past_z = low + EVERY_BYTE(0x7f - 'Z');
  uint64_t upper = ~word & (from_a ^ past_z) & EVERY_BYTE(0x80);
  return word | upper >> 2; /* 0x80 to 0x20, which is what tells the cases apart */
}

/* The first byte is the lowest, on every machine. */
static inline uint64_t load_word(const char *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

/* The bytes behind the last whole word; 0 to 7. */
static inline uint64_t load_rest(sip_str text) {
  size_t rest = text.len & 7;
  if (rest == 0) return 0;
  if (text.len > 8) return load_word(text.ptr + text.len - 8) >> (64 - 8 * rest);
  uint64_t word = 0;
  for (size_t i = 0; i < rest; i++) word |= (uint64_t)(unsigned char)text.ptr[i] << (8 * i);
  return word;
}

static inline uint64_t hash(sip_hash_key key, sip_str text, bool lower) {
  state s = start(key);
  for (size_t i = 0; i + 8 <= text.len; i += 8) {
    uint64_t word = load_word(text.ptr + i);
    absorb(&s, lower ? to_lower(word) : word);
  }
  uint64_t rest = load_rest(text);
  absorb(&s, (lower ? to_lower(rest) : rest) | (uint64_t)(text.len & 0xff) << 56);
  return finish(&s);
}

uint64_t sip_hash(sip_hash_key key, sip_str text) {
  return hash(key, text, false);
}

uint64_t sip_hash_nocase(sip_hash_key key, sip_str text) {
  return hash(key, text, true);
}
