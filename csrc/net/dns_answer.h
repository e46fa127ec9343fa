/* SPDX-License-Identifier: MIT
 *
 * An answer of the DNS as one block that several may keep: its records, the text that they
 * point to, and how long it is good for.
 */
#ifndef MOONSIP_NET_DNS_ANSWER_H
#define MOONSIP_NET_DNS_ANSWER_H

#include <ares.h>

#include "sip/locator.h"

enum { NET_DNS_RECORDS = 64 }; /* of one answer; further ones are left out */

typedef struct net_dns_answer {
  uint32_t references;
  uint32_t ttl_s; /* 0: good for nobody else */
  size_t size;
  sip_alloc *alloc;
  sip_dns_answer answer;
} net_dns_answer;

/* What c-ares says; `reply` is the message, or NULL. Those two and the one below give NULL
 * without memory. */
net_dns_answer *net_dns_answer_of_reply(sip_alloc *alloc, sip_dns_type type, int status,
                                        sip_str reply);
net_dns_answer *net_dns_answer_of_addresses(sip_alloc *alloc, int status,
                                            const struct ares_addrinfo *found);
/* What is known without asking: addresses. */
net_dns_answer *net_dns_answer_copy(sip_alloc *alloc, const sip_dns_answer *answer);

static inline net_dns_answer *net_dns_answer_keep(net_dns_answer *answer) {
  answer->references++;
  return answer;
}
void net_dns_answer_release(net_dns_answer *answer); /* NULL is fine */

#endif
