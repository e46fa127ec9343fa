/* SPDX-License-Identifier: MIT
 *
 * c-ares on the loop's descriptors and wheel. It matches answers to questions: the address
 * and port that were asked, the id, and the question that the answer repeats (RFC 5452 9);
 * its ids and ports are of the system's randomness.
 */
#ifndef MOONSIP_NET_DNS_CHANNEL_H
#define MOONSIP_NET_DNS_CHANNEL_H

#include <ares.h>

#include "base/list.h"
#include "base/timer.h"

struct net_loop;

typedef struct net_dns_channel {
  ares_channel ares;
  ares_channel files; /* the hosts file alone: it answers at once */
  bool is_open;
  sip_timer timer; /* c-ares' own */
  sip_link sockets;
} net_dns_channel;

void net_dns_channel_init(net_dns_channel *channel);
/* Opens it when it is not open yet: 0 or SIP_E_DNS. */
int net_dns_channel_open(struct net_loop *loop);
/* What c-ares still holds is answered. */
void net_dns_channel_close(struct net_loop *loop);

/* After a question: the next instant at which c-ares has something to do may be another. */
void net_dns_channel_arm(struct net_loop *loop);
void net_dns_channel_expire(sip_timer *timer, struct net_loop *loop);

#endif
