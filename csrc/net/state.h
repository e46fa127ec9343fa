/* SPDX-License-Identifier: MIT
 *
 * The loop from inside: what the files of net share.
 */
#ifndef MOONSIP_NET_STATE_H
#define MOONSIP_NET_STATE_H

#include <uv.h>

#include "base/map.h"
#include "net/child.h"
#include "net/loop.h"
#include "net/pace.h"
#include "net/queue.h"
#include "net/resolve.h"
#include "net/signal.h"

/* Who a timer of the loop's wheel belongs to (sip_timer.kind). */
typedef enum net_timer_kind {
  NET_TIMER_CONNECTION,
  NET_TIMER_LISTENER,
  NET_TIMER_LOOKUP,
  NET_TIMER_RESOLVER,
  NET_TIMER_REDIS,
  NET_TIMER_HTTP,
  NET_TIMER_HTTP_SERVER,
  NET_TIMER_HTTP_CLIENT
} net_timer_kind;

enum { NET_SCRATCH_SIZE = 65536 };

struct net_engine {
  sip_link link; /* in loop->engines */
  net_loop *loop;
  sip_engine *engine;
  void *tag;
  sip_link listeners;
  sip_link connections;
  sip_link locations;  /* of servers that are looked for (net/locate.c) */
  struct net_tls *tls; /* for connections we open, or NULL */
  bool is_gone;        /* detached in this turn */
};

struct net_loop {
  sip_alloc alloc;
  net_config config;
  char *name_servers; /* NULL: the system's */
  net_counts counts;
  uv_loop_t uv;
  uv_timer_t timer;  /* armed to the next deadline of all */
  sip_time armed_at; /* SIP_TIME_NEVER: it is stopped */
  net_pace pace;
  bool may_rest;
  uv_async_t waker;
  net_signals signals;
  bool is_turning;
  sip_time began_at; /* the first message of this turn was received, or SIP_TIME_NEVER */
  bool is_exposed;   /* another loop may be waiting on our descriptor */
  bool is_woken;     /* the next turn does not wait */
  sip_wheel wheel;   /* deadlines of net itself */
  const sip_wheel *watched;
  sip_link engines;
  sip_link gone; /* engines that a callback detached, until the turn ends */
  sip_link guests;
  int held; /* by how many of them the loop is kept from being empty */
  sip_slots connections;
  sip_slots channels; /* net/channel.h */
  sip_map remotes;    /* connections by (transport, remote) */
  sip_hash_key key;
  sip_link unwritten; /* connections with something to write, or to end, this turn */
  net_queue_pool pool;
  sip_packet *pong;        /* CRLF, the answer to a ping (RFC 5626 3.5.1) */
  struct net_inbox *inbox; /* of all UDP listeners; NULL before the first */
  net_resolver resolver;
  net_children children;
  sip_link workers;
  sip_link redises;
  sip_slots web;                       /* net_http */
  sip_link http_ready;                 /* of those, answered between two turns */
  sip_link http_servers;               /* net/http_server.h */
  struct net_http_client *http_client; /* NULL before the first request */
  char scratch[NET_SCRATCH_SIZE];      /* what a stream was read into */
};

/* Those that woke the loop have their turn (net/guest.h). */
void net_guest_tell(net_loop *loop);
void net_guest_close_all(net_loop *loop);
/* Something was received: what else came has to wait from now until the turn is over. */
void net_turn_began(net_loop *loop);

/* A packet could not be sent: its owner learns it. */
void net_report_failure(net_engine *attached, sip_id owner, int error);

#endif
