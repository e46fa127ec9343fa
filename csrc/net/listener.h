/* SPDX-License-Identifier: MIT
 *
 * A bound socket of an engine: one for datagrams, or one that accepts.
 */
#ifndef MOONSIP_NET_LISTENER_H
#define MOONSIP_NET_LISTENER_H

#include "net/state.h"
#include "net/tls.h"

typedef struct net_listener {
  sip_link link; /* in owner->listeners */
  net_engine *owner;
  uint32_t number; /* the engine's */
  sip_transport transport;
  bool is_any; /* bound to a wildcard address */
  int fd;
  sip_sockaddr local;
  uv_poll_t poll;
  sip_timer timer;           /* TCP: when accepting starts again */
  struct net_outbox *outbox; /* UDP */
  net_tls *tls;              /* TLS */
  struct net_door *door;     /* WebSocket: whom it lets in */
  bool is_full;              /* UDP: this turn has read all that it may, and there may be more */
  sip_time full_since;       /* the first turn in a row of which that is so, or SIP_TIME_NEVER */
} net_listener;

/* NULL when the engine has none of that number. */
net_listener *net_listener_find(const net_engine *attached, uint32_t number);
void net_listener_close(net_listener *listener);

#endif
