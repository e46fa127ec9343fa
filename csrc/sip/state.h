/* SPDX-License-Identifier: MIT
 *
 * The inside of the engine, shared by the files that make it up and by nobody
 * else. Public entry points reserve room for what they may push (outbox.h)
 * before they change anything, so that running out of memory changes nothing.
 */
#ifndef MOONSIP_SIP_STATE_H
#define MOONSIP_SIP_STATE_H

#include "base/map.h"
#include "base/ring.h"
#include "base/timer.h"
#include "sip/engine.h"
#include "sip/history.h"
#include "sip/transaction.h"

enum {
  SIP_OWNER_MAX = 8,      /* bytes of config.owner */
  SIP_TOKEN_LEN = 16,     /* minted tags and branches: 80 bits */
  SIP_LISTENERS_MAX = 64, /* of one engine */
  SIP_ADVERTISE_MAX = 255
};

typedef struct sip_listener_entry {
  bool used;
  bool says_port; /* in Via, Contact and Record-Route */
  sip_transport transport;
  sip_sockaddr local;
  uint16_t advertise_port;
  uint8_t advertise_len;
  char advertise[SIP_ADVERTISE_MAX];
} sip_listener_entry;

/* Which of our addresses reaches a peer, learnt from the resolver, for
 * listeners on a wildcard address. */
typedef struct sip_local_address {
  sip_sockaddr remote;
  sip_sockaddr local;
  sip_time until;
} sip_local_address;

enum { SIP_LOCAL_ADDRESSES = 64, SIP_LOCAL_ADDRESS_MS = 10000 };
enum { SIP_ENDED_DIALOGS = 64 };

typedef struct sip_domains {
  sip_map by_name;
  struct sip_domain *first; /* of a list of all */
} sip_domains;

struct sip_engine {
  sip_alloc alloc;
  sip_random random;
  sip_hash_key key;
  sip_hash_key route_key; /* of route_token.h */
  sip_time now;
  sip_engine_config config;
  char owner[SIP_OWNER_MAX];

  sip_buffer allow, accept, supported, required, user_agent;
  sip_session_wish session; /* of dialogs that say nothing else */
  uint32_t handled;         /* bit per sip_method */
  bool handle_all, handle_strays, handle_gruus;
  uint32_t routed; /* bit per sip_method: inside dialogs that went through here */
  uint32_t draining_s;

  sip_listener_entry *listeners; /* SIP_LISTENERS_MAX, number - 1 is the index */
  uint32_t listener_end;         /* behind the last that is used */
  sip_domains domains;           /* host names that are ours */
  sip_local_address *locals;     /* SIP_LOCAL_ADDRESSES, by hash of the remote */
  struct sip_dead_target *dead;  /* dead_target.h; NULL before the first */
  struct sip_node *nodes;        /* SIP_NODES_MAX, once there is one (node.h) */
  uint32_t node_count;

  sip_wheel wheel;
  sip_slots transactions;
  sip_slots dialogs;
  sip_slots subscriptions;
  sip_map by_server_key;
  sip_map by_client_key;
  sip_map by_merge;
  sip_map by_connection; /* sip_waiters (failover.c) */
  sip_map keepers;       /* keep_alive.c */
  sip_slots keeper_ids;
  sip_map by_dialog;
  sip_map by_subscribe; /* subscriptions that wait for the NOTIFYs that make their dialogs */
  size_t server_count;
  size_t client_count;
  size_t session_timers;                     /* that run, of dialogs */
  uint64_t ended_dialogs[SIP_ENDED_DIALOGS]; /* hashes of INVITEs' dialogs, the last that ended */
  uint32_t ended_next;

  sip_ring packets;    /* sip_outgoing */
  sip_ring events;     /* sip_queued_event */
  sip_ring queries;    /* sip_id of client transactions */
  sip_kept *delivered; /* message of the event handed out last */

  sip_message *parsed;    /* reused for every message received */
  sip_message *own;       /* likewise for messages of ours that are read again */
  sip_buffer scratch;     /* reused for every message written */
  sip_buffer lines;       /* likewise for header lines of default answers */
  sip_buffer route_uri;   /* a Request-URI that was changed (routing.h) */
  sip_buffer usage_lines; /* header lines of a subscription's messages */
  sip_buffer usage_body;  /* a document with its number */
  sip_buffer proof;       /* credentials of the request that is sent again now */

  guard *guard;     /* or NULL */
  uint8_t standing; /* guard_standing of whom the message comes from that is being received */
  bool wants_report;
  sip_timer report_timer;

  sip_history history;
  uint64_t received, sent, malformed, dropped, absorbed;
};

typedef struct sip_queued_event {
  sip_event event;
  sip_kept *kept; /* owner of event.message, or NULL */
} sip_queued_event;

/* Timers carry what they are in sip_timer.tag; kind is the sip_input. */
enum {
  SIP_TIMER_OF_TRANSACTION_1,
  SIP_TIMER_OF_TRANSACTION_2,
  SIP_TIMER_OF_DIALOG_1,
  SIP_TIMER_OF_DIALOG_2,
  SIP_TIMER_OF_SESSION,
  SIP_TIMER_OF_RELIABLE_1,
  SIP_TIMER_OF_RELIABLE_2,
  SIP_TIMER_OF_BRANCH,
  SIP_TIMER_OF_SUBSCRIPTION_1,
  SIP_TIMER_OF_SUBSCRIPTION_2,
  SIP_TIMER_OF_GUARD,
  SIP_TIMER_OF_KEEPER
};

/* A message copied into one block with a count; references is 1. */
sip_kept *sip_kept_new(sip_engine *engine, const sip_message *message, const sip_flow *flow);
void sip_kept_release(sip_engine *engine, sip_kept *kept); /* NULL is fine */

/* Room for what one input can cause; false without memory. */
bool sip_engine_reserve(sip_engine *engine);

/* After a reservation. The packet's reference and kept's reference go along. */
void sip_engine_push_packet(sip_engine *engine, const sip_outgoing *out);
void sip_engine_push_event(sip_engine *engine, const sip_event *event, sip_kept *kept);

/* "<owner><random>", SIP_TOKEN_LEN characters after the owner. */
void sip_engine_add_token(sip_engine *engine, sip_buffer *out);

void sip_engine_forget_domains(sip_engine *engine);
/* The listener whose address or advertised name a URI is at, or 0. */
uint32_t sip_engine_listener_at(const sip_engine *engine, const sip_uri *uri, const sip_flow *flow);
/* From a secret, or from the key of this engine when it is empty (route_token.h). */
void sip_engine_make_route_key(sip_engine *engine, sip_str secret);

/* Opens the transaction of the request that was parsed last and hands it up (receive.c);
 * dialog: ours that it is in, or NULL. */
struct sip_dialog;
void sip_engine_deliver(sip_engine *engine, const sip_flow *flow, struct sip_dialog *dialog);

sip_listener_entry *sip_engine_listener(sip_engine *engine, uint32_t number);
/* The first that speaks the transport and the family (0: any); 0 when none. */
uint32_t sip_engine_find_listener(sip_engine *engine, sip_transport transport, uint8_t family);
/* Host and port that Via and Contact give; `local` is used on a wildcard. */
void sip_engine_write_own_host(sip_engine *engine, uint32_t listener, const sip_sockaddr *local,
                               sip_buffer *out);
/* Our address towards a peer: bound, or known from the resolver; false when unknown. */
bool sip_engine_local_for(sip_engine *engine, uint32_t listener, const sip_sockaddr *remote,
                          sip_sockaddr *out);
void sip_engine_learn_local(sip_engine *engine, const sip_sockaddr *remote,
                            const sip_sockaddr *local);

static inline uint32_t sip_engine_timer_64t1(const sip_engine *engine) {
  uint64_t ms = (uint64_t)engine->config.t1_ms * 64;
  return ms > INT32_MAX ? INT32_MAX : (uint32_t)ms;
}

static inline bool sip_engine_handles(const sip_engine *engine, sip_method method) {
  return engine->handle_all || (engine->handled >> method & 1);
}

#endif
