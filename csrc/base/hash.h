/* SPDX-License-Identifier: MIT
 *
 * SipHash-1-3: a hash that a peer who picks the keys' bytes cannot steer.
 */
#ifndef MOONSIP_BASE_HASH_H
#define MOONSIP_BASE_HASH_H

#include <stdint.h>

#include "base/str.h"

typedef struct sip_hash_key {
  uint64_t k0;
  uint64_t k1;
} sip_hash_key;

uint64_t sip_hash(sip_hash_key key, sip_str text);

/* The same over the text in lower case, for tokens that compare without case. */
uint64_t sip_hash_nocase(sip_hash_key key, sip_str text);

#endif
