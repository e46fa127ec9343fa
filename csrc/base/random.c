/* SPDX-License-Identifier: MIT
 *
 * A pool in front of the source, and SipHash in counter mode behind a seed.
 */
#include "base/random.h"

#include <string.h>

#include "base/hash.h"

void sip_random_init(sip_random *random, sip_random_fn fn, void *context) {
  *random = (sip_random){.fn = fn, .context = context};
}

void sip_random_init_seeded(sip_random *random, uint64_t seed) {
  *random = (sip_random){.seed = seed};
}

static void refill(sip_random *random) {
  random->left = sizeof random->pool;
  if (random->fn) {
    random->fn(random->context, random->pool, sizeof random->pool);
    return;
  }
  sip_hash_key key = {random->seed, ~random->seed};
  for (size_t i = 0; i < sizeof random->pool; i += sizeof(uint64_t)) {
    uint64_t counter = random->counter++;
    uint64_t word = sip_hash(key, sip_str_make((const char *)&counter, sizeof counter));
    memcpy(random->pool + i, &word, sizeof word);
  }
}

void sip_random_bytes(sip_random *random, unsigned char *out, size_t len) {
  while (len > 0) {
    if (random->left == 0) refill(random);
    size_t take = len < random->left ? len : random->left;
    unsigned char *from = random->pool + sizeof random->pool - random->left;
    memcpy(out, from, take);
    memset(from, 0, take); /* what was handed out is not kept */
    random->left -= take;
    out += take;
    len -= take;
  }
}

uint64_t sip_random_number(sip_random *random) {
  uint64_t number;
  sip_random_bytes(random, (unsigned char *)&number, sizeof number);
  return number;
}

void sip_random_token(sip_random *random, char *out, size_t len) {
  static const char alphabet[] = "0123456789abcdefghijklmnopqrstuv";
  for (size_t i = 0; i < len;) {
    uint64_t bits = sip_random_number(random);
    for (int n = 0; n < 12 && i < len; n++, bits >>= 5) out[i++] = alphabet[bits & 31];
  }
}
