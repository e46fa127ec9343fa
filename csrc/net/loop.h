/* SPDX-License-Identifier: MIT
 *
 * The loop that turns engines: sockets, the clock and one timer around them. A
 * turn is: receive, fire what is due, hand events out, send what is waiting.
 *
 * Codes are negative, of base/error.h or libuv's (net/error.h names both).
 */
#ifndef MOONSIP_NET_LOOP_H
#define MOONSIP_NET_LOOP_H

#include "base/timer.h"
#include "net/clock.h"
#include "sip/engine.h"

typedef struct net_loop net_loop;
typedef struct net_engine net_engine; /* an engine attached to a loop */

/* What happens is told to the loop's user between receiving and sending. Every
 * call of this header but net_loop_free and net_loop_step is legal in them. */
typedef struct net_callbacks {
  /* An engine has events to drain; at most once a turn for each engine. */
  void (*events)(void *context, void *tag);
  /* An engine asks for a host's address. True: the answer will come by
   * sip_engine_resolved; false: the loop asks the DNS itself. */
  bool (*query)(void *context, void *tag, const sip_query *query);
  /* The deadline of the user's own wheel has passed. */
  void (*timers)(void *context, sip_time now);
  /* SIGINT or SIGTERM, while net_signal_start holds them. */
  void (*signal)(void *context, int number);
  /* A peer is not let in, or does not let us in: why, for people. */
  void (*refused)(void *context, void *tag, const sip_flow *flow, const char *why);
  /* All of the turn is done and sent. */
  void (*turned)(void *context);
} net_callbacks;

/* Zero fields take the default. */
typedef struct net_config {
  sip_alloc_fn alloc; /* NULL: the C library's */
  void *alloc_context;
  net_clock clock;
  const net_callbacks *callbacks; /* all set; outlives the loop */
  void *context;
  uint32_t connect_ms; /* 4000: for a connection to open, so that UDP is still in time (18.1.1) */
  uint32_t idle_ms;    /* 3900000: no message either way; longer than an hour's registration */
  uint32_t partial_ms; /* 30000: for a message once begun, a first message, and a stalled write */
  uint32_t resolve_ms; /* 5000: for an answer of the DNS */
  uint32_t max_connections; /* 16384; further ones are refused */
  uint32_t max_queue;       /* 1048576 bytes waiting for one connection; over it the peer is cut */
  sip_limits limits;        /* of messages on streams; message_size 0: sip_limits_default */
  const char *name_servers; /* "192.0.2.1,192.0.2.2:5353"; NULL: the system's */
} net_config;

/* 0, SIP_E_MEMORY or a system error. */
int net_loop_new(net_loop **loop, const net_config *config);
/* Sends what can be sent at once, detaches all engines, closes everything. */
void net_loop_free(net_loop *loop);

sip_time net_loop_now(const net_loop *loop);
double net_loop_clock(const net_loop *loop); /* the same with its fraction */
/* Moves a manual clock forward; SIP_E_STATE with a real one. */
int net_loop_advance(net_loop *loop, sip_time by_ms);

/* One turn. Waits at most timeout_ms for something to happen, for ever when
 * negative. With a manual clock only descriptors are waited for. False when
 * nothing is left that could happen. */
bool net_loop_step(net_loop *loop, int64_t timeout_ms);
/* From now on waits may be preceded by rests (net/pace.h), or not, as at first. */
void net_loop_let_rest(net_loop *loop, bool may_rest);
/* Ends the wait of a turn that is running or comes next. */
void net_loop_wake(net_loop *loop);
/* A call between two turns left an engine with something to do: a program that
 * waits on our descriptor is woken. */
void net_loop_touch(net_loop *loop);
bool net_loop_is_turning(const net_loop *loop);
bool net_loop_is_empty(const net_loop *loop);

/* For a program that turns another loop: a descriptor that becomes readable
 * when net_loop_step has something to do, and how long it may wait for that:
 * milliseconds, -1 for ever. */
int net_loop_descriptor(net_loop *loop);
int64_t net_loop_timeout(const net_loop *loop);

/* The deadline of this wheel counts as the loop's; NULL ends it. */
void net_loop_watch(net_loop *loop, const sip_wheel *wheel);

/* The engine outlives the attachment. SIP_E_MEMORY. */
int net_attach(net_loop *loop, sip_engine *engine, void *tag, net_engine **attached);
/* Sends what can be sent at once; closes its listeners and connections. */
void net_detach(net_engine *attached);

/* Who we are and whom we trust on connections that this engine opens over TLS; NULL ends
 * it. It is kept. */
struct net_tls;
void net_set_tls(net_engine *attached, struct net_tls *tls);

/* What listeners of some transports need beside. */
typedef struct net_listen_options {
  struct net_tls *tls;  /* TLS, secure WebSocket: with a certificate; it is kept */
  const sip_str *paths; /* WebSocket: that are served; none: any. Copied */
  size_t path_count;
  const sip_str *origins; /* of pages that may open one; none: any. Copied */
  size_t origin_count;
  const struct net_http_host
      *http; /* WebSocket: who answers other requests; none: nobody. Copied */
} net_listen_options;

/* Opens a socket (port 0 picks one) and adds the listener to the engine. *number names
 * it; listener->local becomes the bound address. SIP_E_NO_ROUTE for a transport that we
 * do not speak, a system error, SIP_E_MEMORY. */
int net_listen(net_engine *attached, sip_listener *listener, const net_listen_options *options,
               uint32_t *number);
/* Sends what can be sent at once; its connections close with it. SIP_E_GONE when
 * there is none. */
int net_unlisten(net_engine *attached, uint32_t number);

typedef struct net_counts {
  uint64_t datagrams_in;
  uint64_t datagrams_out;
  uint64_t bytes_in;
  uint64_t bytes_out;
  uint64_t messages_in;  /* on streams */
  uint64_t messages_out; /* on streams, wholly written */
  uint64_t accepted;
  uint64_t connected;
  uint64_t refused;     /* over max_connections */
  uint64_t timed_out;   /* connections past a deadline */
  uint64_t broken;      /* connections whose framing was lost */
  uint64_t overflowed;  /* connections over max_queue */
  uint64_t send_errors; /* packets reported back as not sent */
  uint64_t dropped;     /* datagrams for which the system had no room */
  uint64_t icmp_errors;
  uint64_t rests; /* of net/pace.h */
  size_t listeners;
  size_t connections;
  size_t queue_bytes; /* waiting for all connections */
  size_t lookups;     /* waiting for the DNS */
  size_t children;    /* programs that run */
  size_t channels;    /* connections of the program's own */
  size_t jobs;        /* of workers, that run or wait */
  size_t commands;    /* that Redis servers did not answer yet */
  size_t live_bytes;  /* of the loop's allocator */
  size_t live_blocks;
} net_counts;
void net_loop_get_counts(const net_loop *loop, net_counts *out);

#endif
