/* SPDX-License-Identifier: MIT
 *
 * Addresses of a host name: c-ares on the loop's descriptors and wheel. Every
 * question gets one answer, within a turn and never from inside the asking, at
 * the latest at its deadline, whatever state the resolver is in.
 */
#ifndef MOONSIP_NET_RESOLVE_H
#define MOONSIP_NET_RESOLVE_H

#include <ares.h>

#include "base/timer.h"
#include "sip/engine.h"

struct net_loop;
typedef struct net_question net_question;

/* count 0 comes with an error: SIP_E_DNS, SIP_E_TIMEOUT, SIP_E_MEMORY. */
typedef void (*net_answer_fn)(const net_question *question, const sip_sockaddr *addresses,
                              size_t count, int error);

struct net_question {
  sip_str host; /* copied; not kept for the answer */
  net_answer_fn done;
  void *context;
  /* The asker's, handed back: */
  sip_id id;
  sip_transport transport;
  uint16_t port;
};

typedef struct net_resolver {
  ares_channel channel;
  bool is_open;
  sip_timer timer; /* c-ares' own */
  sip_link sockets;
  sip_link asked;
  sip_link answered;
} net_resolver;

void net_resolver_init(net_resolver *resolver);
void net_resolver_deinit(struct net_loop *loop);

/* SIP_E_LIMIT, SIP_E_MEMORY: there will be no answer. */
int net_resolve(struct net_loop *loop, const net_question *question);
/* No answer for this context any more. */
void net_resolve_forget(struct net_loop *loop, const void *context);

/* Hands answers out. */
void net_resolver_tell(struct net_loop *loop);

void net_resolver_expire(sip_timer *timer, struct net_loop *loop);
void net_lookup_expire(sip_timer *timer, struct net_loop *loop);

#endif
