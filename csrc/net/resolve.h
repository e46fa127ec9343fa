/* SPDX-License-Identifier: MIT
 *
 * Questions for the DNS. Every one gets one answer, within a turn and never from inside the
 * asking, at the latest at its deadline, whatever state the servers are in.
 */
#ifndef MOONSIP_NET_RESOLVE_H
#define MOONSIP_NET_RESOLVE_H

#include "base/timer.h"
#include "net/dns_cache.h"
#include "net/dns_channel.h"

struct net_loop;
typedef struct net_question net_question;

/* Valid during the call. */
typedef void (*net_answer_fn)(const net_question *question, const sip_dns_answer *answer);

struct net_question {
  sip_dns_type type;
  bool is_of_files; /* addresses from the hosts file, and of localhost, or none */
  sip_str host;     /* copied; not kept for the answer */
  sip_time until;   /* an instant; 0: resolve_ms from now */
  net_answer_fn done;
  void *context;
  /* The asker's, handed back: */
  sip_id id;
};

typedef struct net_resolver {
  net_dns_channel channel;
  net_dns_cache cache;
  sip_random random; /* for who chooses among answers */
  sip_link asked;
  sip_link answered;
} net_resolver;

void net_resolver_init(struct net_loop *loop);
void net_resolver_deinit(struct net_loop *loop);

/* SIP_E_LIMIT, SIP_E_MEMORY: there will be no answer. */
int net_resolve(struct net_loop *loop, const net_question *question);
/* No answer for this context any more. */
void net_resolve_forget(struct net_loop *loop, const void *context);

/* Asks these servers from now on ("192.0.2.1,[2001:db8::1]:5353"), within timeout_ms (0: as
 * before). SIP_E_INVALID, and then nothing has changed; SIP_E_DNS. */
int net_resolver_set(struct net_loop *loop, const char *servers, uint32_t timeout_ms);

/* Hands answers out. */
void net_resolver_tell(struct net_loop *loop);

void net_lookup_expire(sip_timer *timer, struct net_loop *loop);

#endif
