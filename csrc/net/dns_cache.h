/* SPDX-License-Identifier: MIT
 *
 * Answers of the DNS for as long as they are good (RFC 1035 7.4, RFC 2308 5): a fixed
 * number of them, of which the oldest makes room.
 */
#ifndef MOONSIP_NET_DNS_CACHE_H
#define MOONSIP_NET_DNS_CACHE_H

#include "base/list.h"
#include "base/map.h"
#include "base/time.h"
#include "net/dns_answer.h"

enum { NET_DNS_CACHE = 1024 };

typedef struct net_dns_cache {
  sip_alloc *alloc;
  sip_hash_key key;
  sip_map by_question; /* not made before the first answer */
  sip_link oldest;     /* first */
} net_dns_cache;

/* What was asked: a type, or 0 for the hosts file; and a name without case. */
typedef struct net_dns_key {
  int type;
  sip_str name;
} net_dns_key;

void net_dns_cache_init(net_dns_cache *cache, sip_alloc *alloc, sip_hash_key key);
void net_dns_cache_deinit(net_dns_cache *cache);

/* NULL: not known. The caller keeps it, if it needs it for longer. */
net_dns_answer *net_dns_cache_find(net_dns_cache *cache, net_dns_key key, sip_time now);
/* Without memory, or when it is good for no time, it is not kept. */
void net_dns_cache_add(net_dns_cache *cache, net_dns_key key, sip_time now, net_dns_answer *answer);

#endif
