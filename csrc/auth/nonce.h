/* SPDX-License-Identifier: MIT
 *
 * Nonces that carry their own proof (RFC 7616 5.4, 5.5): when they were made, a
 * number, and a keyed hash over both and the realm. Nothing is kept for a nonce that
 * nobody used; for one in use a window of the nonce counts seen, in a table of fixed
 * size. A nonce whose entry had to make room counts as stale from then on, never as
 * unused.
 */
#ifndef MOONSIP_AUTH_NONCE_H
#define MOONSIP_AUTH_NONCE_H

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/time.h"

enum { SIP_NONCE_LEN = 44, SIP_NONCE_WAYS = 8 };

typedef struct sip_nonce_entry {
  uint64_t number; /* 0: free */
  sip_time made_at;
  uint32_t highest; /* nonce count seen */
  uint32_t pad;
  uint64_t window; /* bit i: highest - 1 - i was seen */
} sip_nonce_entry;

typedef struct sip_nonce_set {
  sip_time floor; /* what was made by then and has no entry is stale */
  sip_nonce_entry entries[SIP_NONCE_WAYS];
} sip_nonce_set;

typedef struct sip_nonces {
  sip_alloc alloc;
  sip_random random;
  sip_hash_key key;
  int64_t lifetime_ms;
  sip_nonce_set *sets;
  size_t set_count; /* a power of two */
} sip_nonces;

typedef struct sip_nonces_config {
  sip_random_fn random; /* NULL: seeded by `seed` */
  uint64_t seed;
  sip_hash_key key;    /* both halves 0: minted; nodes that share it know each other's nonces */
  int64_t lifetime_ms; /* 0: 300000 */
  size_t capacity;     /* nonces in use at once, rounded up; 0: 16384 */
} sip_nonces_config;

/* 0 or SIP_E_MEMORY. */
int sip_nonces_init(sip_nonces *nonces, const sip_nonces_config *config);
void sip_nonces_deinit(sip_nonces *nonces);

/* SIP_NONCE_LEN characters. */
void sip_nonce_write(sip_nonces *nonces, sip_time now, sip_str realm, sip_buffer *out);

typedef enum sip_nonce_verdict {
  SIP_NONCE_GOOD,
  SIP_NONCE_STALE,    /* ours, but too old: challenge again with stale=true */
  SIP_NONCE_REPLAYED, /* ours, and this count was used */
  SIP_NONCE_FORGED    /* not ours, or of another realm */
} sip_nonce_verdict;

/* What one says of itself. */
typedef struct sip_nonce {
  sip_nonce_verdict verdict; /* GOOD, STALE by its age, or FORGED: then the rest means nothing */
  sip_time made_at;
  uint64_t number;
} sip_nonce;
sip_nonce sip_nonce_read(const sip_nonces *nonces, sip_time now, sip_str realm, sip_str text);

/* Looks, and keeps nothing. count: the value of nc, 0 without one. */
sip_nonce_verdict sip_nonce_check(const sip_nonces *nonces, sip_time now, sip_str realm,
                                  sip_str text, uint32_t count);
/* The same for credentials that were proven: the count is used up. Without a count
 * (no qop) a nonce is good once. */
sip_nonce_verdict sip_nonce_use(sip_nonces *nonces, sip_time now, sip_str realm, sip_str text,
                                uint32_t count);
sip_nonce_verdict sip_nonce_spend(sip_nonces *nonces, sip_time now, const sip_nonce *nonce,
                                  uint32_t count);

/* Half of its lifetime is over: time to give its user the next one (RFC 7616 3.5). For one
 * that is ours. */
bool sip_nonce_is_old(const sip_nonces *nonces, sip_time now, const sip_nonce *nonce);

#endif
