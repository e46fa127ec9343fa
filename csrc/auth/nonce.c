/* SPDX-License-Identifier: MIT
 *
 * A nonce is 12 hex digits of milliseconds, 16 of a random number, 16 of the hash.
 */
#include "auth/nonce.h"

#include "base/chars.h"
#include "base/error.h"

enum {
  TIME_DIGITS = 12,
  WORD_DIGITS = 16,
  LIFETIME_MS = 300000,
  CAPACITY = 16384,
  WINDOW_BITS = 64
};

int sip_nonces_init(sip_nonces *nonces, const sip_nonces_config *config) {
  *nonces = (sip_nonces){.key = config->key, .lifetime_ms = config->lifetime_ms};
  sip_alloc_init(&nonces->alloc, NULL, NULL);
  if (config->random) {
    sip_random_init(&nonces->random, config->random, NULL);
  } else {
    sip_random_init_seeded(&nonces->random, config->seed);
  }
  if (nonces->key.k0 == 0 && nonces->key.k1 == 0) {
    nonces->key.k0 = sip_random_number(&nonces->random);
    nonces->key.k1 = sip_random_number(&nonces->random);
  }
  if (nonces->lifetime_ms <= 0) nonces->lifetime_ms = LIFETIME_MS;
  size_t capacity = config->capacity ? config->capacity : CAPACITY;
  nonces->set_count = 1;
  while (nonces->set_count * SIP_NONCE_WAYS < capacity) nonces->set_count *= 2;
  nonces->sets = sip_alloc_zero(&nonces->alloc, nonces->set_count * sizeof *nonces->sets);
  if (!nonces->sets) return SIP_E_MEMORY;
  for (size_t i = 0; i < nonces->set_count; i++) nonces->sets[i].floor = INT64_MIN;
  return 0;
}

void sip_nonces_deinit(sip_nonces *nonces) {
  sip_alloc_free(&nonces->alloc, nonces->sets, nonces->set_count * sizeof *nonces->sets);
  *nonces = (sip_nonces){0};
}

static void put_hex(char *out, uint64_t value, int digits) {
  for (int i = digits - 1; i >= 0; i--, value >>= 4) out[i] = "0123456789abcdef"[value & 15];
}

static bool get_hex(const char *text, int digits, uint64_t *out) {
  uint64_t value = 0;
  for (int i = 0; i < digits; i++) {
    int digit = sip_char_hex(text[i]);
    if (digit < 0) return false;
    value = value << 4 | (uint64_t)digit;
  }
  *out = value;
  return true;
}

/* Over the digits before it and the realm. */
static uint64_t proof(const sip_nonces *nonces, const char *digits, sip_str realm) {
  sip_hash_key key = nonces->key;
  key.k1 ^= sip_hash(nonces->key, realm);
  return sip_hash(key, sip_str_make(digits, TIME_DIGITS + WORD_DIGITS));
}

void sip_nonce_write(sip_nonces *nonces, sip_time now, sip_str realm, sip_buffer *out) {
  char *at = sip_buffer_reserve(out, SIP_NONCE_LEN);
  if (!at) return;
  uint64_t number = sip_random_number(&nonces->random);
  put_hex(at, (uint64_t)now, TIME_DIGITS);
  put_hex(at + TIME_DIGITS, number ? number : 1, WORD_DIGITS);
  put_hex(at + TIME_DIGITS + WORD_DIGITS, proof(nonces, at, realm), WORD_DIGITS);
  out->len += SIP_NONCE_LEN;
}

sip_nonce sip_nonce_read(const sip_nonces *nonces, sip_time now, sip_str realm, sip_str text) {
  sip_nonce nonce = {.verdict = SIP_NONCE_FORGED};
  uint64_t made_at, given;
  if (text.len != SIP_NONCE_LEN || !get_hex(text.ptr, TIME_DIGITS, &made_at) ||
      !get_hex(text.ptr + TIME_DIGITS, WORD_DIGITS, &nonce.number) ||
      !get_hex(text.ptr + TIME_DIGITS + WORD_DIGITS, WORD_DIGITS, &given)) {
    return nonce;
  }
  if (nonce.number == 0 || proof(nonces, text.ptr, realm) != given) return nonce;
  nonce.made_at = (sip_time)made_at;
  bool young = nonce.made_at <= now && now - nonce.made_at <= nonces->lifetime_ms;
  nonce.verdict = young ? SIP_NONCE_GOOD : SIP_NONCE_STALE;
  return nonce;
}

static sip_nonce_set *set_of(const sip_nonces *nonces, uint64_t number) {
  return &nonces->sets[number & (nonces->set_count - 1)];
}

static sip_nonce_entry *entry_of(sip_nonce_set *set, uint64_t number) {
  for (int i = 0; i < SIP_NONCE_WAYS; i++) {
    if (set->entries[i].number == number) return &set->entries[i];
  }
  return NULL;
}

static sip_nonce_verdict judge(const sip_nonce_set *set, const sip_nonce_entry *entry,
                               const sip_nonce *nonce, uint32_t count) {
  if (!entry) return nonce->made_at <= set->floor ? SIP_NONCE_STALE : SIP_NONCE_GOOD;
  if (count == 0) return SIP_NONCE_STALE; /* without nc it was good once */
  if (count > entry->highest) return SIP_NONCE_GOOD;
  if (count == entry->highest) return SIP_NONCE_REPLAYED;
  uint32_t back = entry->highest - count - 1;
  bool seen = back >= WINDOW_BITS || (entry->window >> back & 1);
  return seen ? SIP_NONCE_REPLAYED : SIP_NONCE_GOOD;
}

sip_nonce_verdict sip_nonce_check(const sip_nonces *nonces, sip_time now, sip_str realm,
                                  sip_str text, uint32_t count) {
  sip_nonce nonce = sip_nonce_read(nonces, now, realm, text);
  if (nonce.verdict != SIP_NONCE_GOOD) return nonce.verdict;
  sip_nonce_set *set = set_of(nonces, nonce.number);
  return judge(set, entry_of(set, nonce.number), &nonce, count);
}

/* A free entry, one that is too old to matter, or the oldest, whose like is stale
 * from now on. */
static sip_nonce_entry *make_room(const sip_nonces *nonces, sip_nonce_set *set, sip_time now) {
  sip_nonce_entry *oldest = &set->entries[0];
  for (int i = 0; i < SIP_NONCE_WAYS; i++) {
    sip_nonce_entry *entry = &set->entries[i];
    if (entry->number == 0) return entry;
    if (entry->made_at < oldest->made_at) oldest = entry;
  }
  bool matters = now - oldest->made_at <= nonces->lifetime_ms;
  if (matters && oldest->made_at > set->floor) set->floor = oldest->made_at;
  return oldest;
}

static void note(sip_nonce_entry *entry, uint32_t count) {
  if (count <= entry->highest) {
    entry->window |= (uint64_t)1 << (entry->highest - count - 1);
    return;
  }
  uint32_t step = count - entry->highest;
  entry->window = step >= WINDOW_BITS ? 0 : entry->window << step;
  if (entry->highest && step <= WINDOW_BITS) entry->window |= (uint64_t)1 << (step - 1);
  entry->highest = count;
}

sip_nonce_verdict sip_nonce_spend(sip_nonces *nonces, sip_time now, const sip_nonce *nonce,
                                  uint32_t count) {
  if (nonce->verdict != SIP_NONCE_GOOD) return nonce->verdict;
  sip_nonce_set *set = set_of(nonces, nonce->number);
  sip_nonce_entry *entry = entry_of(set, nonce->number);
  sip_nonce_verdict verdict = judge(set, entry, nonce, count);
  if (verdict != SIP_NONCE_GOOD) return verdict;
  if (!entry) {
    entry = make_room(nonces, set, now);
    *entry = (sip_nonce_entry){.number = nonce->number, .made_at = nonce->made_at};
  }
  if (count) note(entry, count);
  return SIP_NONCE_GOOD;
}

sip_nonce_verdict sip_nonce_use(sip_nonces *nonces, sip_time now, sip_str realm, sip_str text,
                                uint32_t count) {
  sip_nonce nonce = sip_nonce_read(nonces, now, realm, text);
  return sip_nonce_spend(nonces, now, &nonce, count);
}

bool sip_nonce_is_old(const sip_nonces *nonces, sip_time now, const sip_nonce *nonce) {
  return now - nonce->made_at > nonces->lifetime_ms / 2;
}
