/* SPDX-License-Identifier: MIT
 *
 * A hash table by type and name, and a list by age.
 */
#include "net/dns_cache.h"

typedef struct entry {
  sip_map_node by_question;
  sip_link link;
  sip_time until;
  net_dns_answer *answer;
  int type;
  uint32_t name_len;
  char name[];
} entry;

void net_dns_cache_init(net_dns_cache *cache, sip_alloc *alloc, sip_hash_key key) {
  *cache = (net_dns_cache){.alloc = alloc, .key = key};
  sip_link_init(&cache->oldest);
}

static void drop(net_dns_cache *cache, entry *one) {
  sip_map_remove(&cache->by_question, &one->by_question);
  sip_link_remove(&one->link);
  net_dns_answer_release(one->answer);
  sip_alloc_free(cache->alloc, one, sizeof *one + one->name_len);
}

void net_dns_cache_deinit(net_dns_cache *cache) {
  while (!sip_link_alone(&cache->oldest))
    drop(cache, SIP_CONTAINER(cache->oldest.next, entry, link));
  if (cache->by_question.alloc) sip_map_deinit(&cache->by_question);
}

static uint64_t hash_of(const net_dns_cache *cache, net_dns_key key) {
  return sip_hash_nocase(cache->key, key.name) + (uint64_t)key.type;
}

static entry *find(net_dns_cache *cache, net_dns_key key, uint64_t hash) {
  if (!cache->by_question.alloc) return NULL;
  sip_map_node *node = sip_map_find(&cache->by_question, hash);
  for (; node; node = sip_map_find_next(node)) {
    entry *one = SIP_CONTAINER(node, entry, by_question);
    sip_str name = sip_str_make(one->name, one->name_len);
    if (one->type == key.type && sip_str_equal_nocase(name, key.name)) return one;
  }
  return NULL;
}

net_dns_answer *net_dns_cache_find(net_dns_cache *cache, net_dns_key key, sip_time now) {
  entry *one = find(cache, key, hash_of(cache, key));
  if (!one) return NULL;
  if (one->until > now) return one->answer;
  drop(cache, one);
  return NULL;
}

/* Made with the first answer. False without memory. */
static bool has_table(net_dns_cache *cache) {
  if (cache->by_question.alloc) return true;
  if (sip_map_init(&cache->by_question, cache->alloc) == 0) return true;
  cache->by_question.alloc = NULL;
  return false;
}

void net_dns_cache_add(net_dns_cache *cache, net_dns_key key, sip_time now,
                       net_dns_answer *answer) {
  if (answer->ttl_s == 0 || answer->answer.error || !has_table(cache)) return;
  uint64_t hash = hash_of(cache, key);
  entry *known = find(cache, key, hash);
  if (known) drop(cache, known);
  if (cache->by_question.count >= NET_DNS_CACHE) {
    drop(cache, SIP_CONTAINER(cache->oldest.next, entry, link));
  }
  entry *one = sip_alloc_zero(cache->alloc, sizeof *one + key.name.len);
  if (!one) return;
  *one = (entry){.until = now + (sip_time)answer->ttl_s * 1000,
                 .answer = net_dns_answer_keep(answer),
                 .type = key.type,
                 .name_len = (uint32_t)key.name.len};
  memcpy(one->name, key.name.ptr, key.name.len);
  sip_link_init(&one->link);
  sip_link_append(&cache->oldest, &one->link);
  sip_map_add(&cache->by_question, &one->by_question, hash);
}
