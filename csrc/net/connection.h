/* SPDX-License-Identifier: MIT
 *
 * SIP messages over one stream (RFC 3261 18): found again by id or by where it
 * leads to, bounded in what it holds either way, and never kept for nothing.
 */
#ifndef MOONSIP_NET_CONNECTION_H
#define MOONSIP_NET_CONNECTION_H

#include "net/stream.h"
#include "net/tls.h"
#include "sip/framer.h"
#include "web/upgrade.h"

typedef enum net_connection_state {
  NET_CONNECTION_CONNECTING,
  NET_CONNECTION_OPEN,
  NET_CONNECTION_ENDING,    /* takes no more messages in; what waits is still written */
  NET_CONNECTION_LINGERING, /* our end is closed; the peer may read our last words first */
  NET_CONNECTION_CLOSED
} net_connection_state;

typedef struct net_connection {
  net_stream *stream; /* in the same block */
  net_engine *owner;
  sip_id id;
  sip_flow flow;
  sip_link link;          /* in owner->connections */
  sip_link unwritten;     /* in loop->unwritten, or alone */
  sip_map_node by_remote; /* in loop->remotes while it can be reused */
  sip_packet *peer;       /* opened by us, over TLS or WebSocket: the domain it is with; or NULL */
  sip_packet *host;       /* the same with its port, for the handshake of a WebSocket; or NULL */
  sip_timer timer;
  net_connection_state state;
  bool is_proven;      /* opened by us, or a whole message came */
  bool keeps_messages; /* the stream does: a WebSocket */
  bool has_finished;   /* the peer has */
  sip_time since;      /* of the state */
  sip_time used_at;
  sip_time partial_at; /* since when a message is incomplete; SIP_TIME_NEVER: none is */
  sip_time stalled_at; /* since when the peer takes nothing; SIP_TIME_NEVER: nothing waits */
  sip_framer framer;
  sip_buffer partial; /* of a message */
  net_queue queue;
} net_connection;

typedef struct net_opening {
  int fd;
  const sip_flow *flow;        /* its connection is not looked at */
  bool is_connecting;          /* else it was accepted */
  net_tls *tls;                /* for a flow over TLS */
  const struct net_door *door; /* for a WebSocket that is accepted */
  sip_str peer;                /* the domain that must be proved over it (RFC 5922 7.3) */
} net_opening;

/* Takes over the descriptor, also on failure. NULL without memory or with a system
 * error in *error. */
net_connection *net_connection_open(net_engine *attached, const net_opening *opening, int *error);

/* One that messages can be given to; NULL when there is none. */
net_connection *net_connection_find(const net_engine *attached, sip_id id);
/* The same, by where it leads to; over TLS it must be with that peer, unless none is
 * named: an address proves nothing of a domain (RFC 5923 9.1). */
net_connection *net_connection_find_remote(const net_engine *attached, const sip_flow *flow,
                                           sip_str peer);

/* Takes over the reference to the packet, which leaves with the next flush. */
void net_connection_send(net_connection *connection, const sip_outgoing *out);
void net_connection_flush(net_connection *connection);

/* What was not written goes to its fallback (18.2.2), or with SIP_E_LIMIT and
 * SIP_E_TIMEOUT and without a fallback is reported; with 0 it is forgotten. */
void net_connection_close(net_connection *connection, int error);

/* Takes no more messages; closes when what waits is written. */
void net_connection_end(net_connection *connection, int error);

/* A deadline may be sooner than it was. */
void net_connection_arm(net_connection *connection);
/* The connection's timer has fired. */
void net_connection_expire(sip_timer *timer, net_loop *loop);

#endif
