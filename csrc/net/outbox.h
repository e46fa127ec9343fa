/* SPDX-License-Identifier: MIT
 *
 * What a UDP listener is about to send, in the form sendmmsg(2) takes, and
 * whom it lately sent for, so that an ICMP error finds its owner.
 */
#ifndef MOONSIP_NET_OUTBOX_H
#define MOONSIP_NET_OUTBOX_H

#include "net/address.h"
#include "net/listener.h"

enum {
  NET_UDP_BATCH = 64,
  NET_UDP_SENT = 256, /* owners remembered; at loopback and LAN distance ICMP comes within these */
  NET_UDP_CONTROL_SIZE = CMSG_SPACE(sizeof(struct in6_pktinfo))
};

typedef struct net_control {
  _Alignas(struct cmsghdr) char bytes[NET_UDP_CONTROL_SIZE];
} net_control;

typedef struct net_sent {
  sip_id owner; /* 0: none, or told already */
  sip_sockaddr remote;
} net_sent;

typedef struct net_outbox {
  size_t first; /* [first, count) are waiting */
  size_t count;
  struct mmsghdr messages[NET_UDP_BATCH];
  struct iovec parts[NET_UDP_BATCH];
  net_address names[NET_UDP_BATCH];
  net_control controls[NET_UDP_BATCH];
  sip_outgoing waiting[NET_UDP_BATCH];
  net_sent sent[NET_UDP_SENT]; /* a ring */
  size_t next_sent;
} net_outbox;

/* Reads the socket's error queue empty (IP_RECVERR): each fatal ICMP error
 * fails what was lately sent to that destination (RFC 3261 18.4). */
void net_icmp_drain(net_listener *listener);

#endif
