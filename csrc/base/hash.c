/* SPDX-License-Identifier: MIT
 *
 * SipHash-1-3 after Aumasson and Bernstein, "SipHash: a fast short-input PRF".
 */
#include "base/hash.h"

#include "base/chars.h"

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

static inline uint64_t load(const char *at, size_t len, bool lower) {
  uint64_t word = 0;
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)(lower ? sip_char_lower(at[i]) : at[i]);
    word |= (uint64_t)c << (8 * i);
  }
  return word;
}

static inline uint64_t hash(sip_hash_key key, sip_str text, bool lower) {
  state s = start(key);
  size_t whole = text.len & ~(size_t)7;
  for (size_t i = 0; i < whole; i += 8) absorb(&s, load(text.ptr + i, 8, lower));
  uint64_t last = (uint64_t)(text.len & 0xff) << 56;
  if (text.len > whole) last |= load(text.ptr + whole, text.len - whole, lower);
  absorb(&s, last);
  return finish(&s);
}

uint64_t sip_hash(sip_hash_key key, sip_str text) {
  return hash(key, text, false);
}

uint64_t sip_hash_nocase(sip_hash_key key, sip_str text) {
  return hash(key, text, true);
}
