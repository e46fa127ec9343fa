/* SPDX-License-Identifier: MIT
 *
 * Randomness comes from outside: the system's CSPRNG in production, a seed in
 * a simulation that must replay bit for bit.
 */
#ifndef MOONSIP_BASE_RANDOM_H
#define MOONSIP_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fills len bytes, always. */
typedef void (*sip_random_fn)(void *context, unsigned char *out, size_t len);

typedef struct sip_random {
  sip_random_fn fn; /* NULL: seeded */
  void *context;
  uint64_t seed;
  uint64_t counter;
  size_t left;
  unsigned char pool[512]; /* one call of fn serves many tokens */
} sip_random;

void sip_random_init(sip_random *random, sip_random_fn fn, void *context);
void sip_random_init_seeded(sip_random *random, uint64_t seed);

void sip_random_bytes(sip_random *random, unsigned char *out, size_t len);
uint64_t sip_random_number(sip_random *random);

/* `len` characters of 5 bits each out of [0-9a-v]; no NUL at the end. */
void sip_random_token(sip_random *random, char *out, size_t len);

#endif
