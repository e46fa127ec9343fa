/* SPDX-License-Identifier: MIT
 *
 * The SIP engine without any I/O: bytes, time and wishes go in; packets, queries,
 * events and one deadline come out. It never calls out, so every call is legal
 * between any two others, also while events are drained.
 *
 * Objects are named by ids. An id whose object ended gives SIP_E_GONE, always.
 * Unless said otherwise a function returns 0 or a negative code of base/error.h;
 * SIP_E_MEMORY is possible everywhere and changes nothing.
 */
#ifndef MOONSIP_SIP_ENGINE_H
#define MOONSIP_SIP_ENGINE_H

#include "base/alloc.h"
#include "base/random.h"
#include "base/slots.h"
#include "base/time.h"
#include "guard/guard.h"
#include "sip/history.h"
#include "sip/message.h"
#include "sip/packet.h"
#include "sip/transport.h"

typedef struct sip_engine sip_engine;

/* Spans in milliseconds (RFC 3261 17 table 4; RFC 6026). Zero fields of a
 * config take the default. */
typedef struct sip_engine_config {
  sip_alloc_fn alloc; /* NULL: the C library's */
  void *alloc_context;
  sip_random_fn random; /* NULL: seeded by `seed`, for simulations */
  void *random_context;
  uint64_t seed;
  sip_time now;
  uint32_t t1_ms;       /* 500 */
  uint32_t t2_ms;       /* 4000 */
  uint32_t t4_ms;       /* 5000 */
  uint32_t timer_c_ms;  /* 181000: an INVITE with a provisional answer but no final one */
  uint32_t dead_ms;     /* 30000: a server that failed is tried after the others of its name */
  uint32_t failover_ms; /* a server may be silent for so long when its name has others; 64*T1 */
  uint32_t keep_s; /* keep-alives that are offered are wanted after so long (RFC 6223); 0: never */
  uint32_t mtu;    /* 1500; a request over UDP larger than mtu - 200 tries TCP first (18.1.1) */
  uint32_t max_transactions;  /* 200000; past it new requests get 503 with Retry-After */
  uint32_t max_dialogs;       /* 100000 */
  uint32_t max_subscriptions; /* 100000, of both roles */
  uint32_t max_events;        /* 65536 waiting; past it requests are answered 503 */
  sip_limits limits;
  sip_str owner; /* token put in front of every tag, branch and Call-ID, e.g. "a3"; may be empty */
  /* Key of the tokens in our Record-Route and Path: engines with the same one take each
   * other's. Empty: a key of its own. */
  sip_str secret;
} sip_engine_config;

/* NULL without memory. The strings of the config are copied. */
sip_engine *sip_engine_new(const sip_engine_config *config);
void sip_engine_free(sip_engine *engine);

/* What the defaults say of us; each NULL-ptr field leaves what was set. */
typedef struct sip_engine_identity {
  sip_str allow;      /* value of Allow, in 405, OPTIONS, INVITE and its 2xx */
  sip_str accept;     /* of Accept, in OPTIONS 200 and 415 */
  sip_str supported;  /* of Supported; Require of anything else gets 420 */
  sip_str required;   /* extensions that an INVITE must support, or it gets 421 (21.4.15) */
  sip_str user_agent; /* of User-Agent and Server; empty sends none (the default) */
} sip_engine_identity;
int sip_engine_set_identity(sip_engine *engine, const sip_engine_identity *identity);

/* Requests of this method become events; without, the engine answers itself:
 * OPTIONS 200, BYE 481, SUBSCRIBE 489, REFER 603, other known methods 405, unknown 501.
 * SIP_METHOD_EXTENSION: every extension method. */
void sip_engine_handle_method(sip_engine *engine, sip_method method, bool handled);
/* Every new request becomes an event, before those defaults. */
void sip_engine_handle_all(sip_engine *engine, bool handled);
/* Requests of this method inside dialogs that we proxied become SIP_EVENT_ROUTED before they
 * go on; without, nobody hears of them. */
void sip_engine_handle_routed(sip_engine *engine, sip_method method, bool handled);
void sip_engine_handle_gruus(sip_engine *engine, bool handled); /* the same of code 1 */
/* An ACK or a CANCEL that belongs to nothing here becomes SIP_EVENT_STRAY: for who forwards
 * without state (16.10, 16.11). */
void sip_engine_handle_strays(sip_engine *engine, bool handled);
/* No new out-of-dialog request: 503 with Retry-After (draining). 0 ends it. */
void sip_engine_set_draining(sip_engine *engine, uint32_t retry_after_s);

/* --- Listeners ------------------------------------------------------------ */

typedef struct sip_listener {
  sip_transport transport;
  sip_sockaddr local;      /* as bound; may be a wildcard */
  sip_str advertise_host;  /* what Via and Contact say instead, or empty */
  uint16_t advertise_port; /* 0: local.port */
} sip_listener;

/* *number (1 and up) names it in flows. */
int sip_engine_add_listener(sip_engine *engine, const sip_listener *listener, uint32_t *number);
void sip_engine_remove_listener(sip_engine *engine, uint32_t number);

/* Host names that are ours, instead of those before. A dot at the end does not count. */
int sip_engine_set_domains(sip_engine *engine, const sip_str *names, size_t count);

/* Another engine with the same secret, by its owner: `place` is what its URI has behind the
 * "@", "10.0.0.2:5060;transport=tcp". While it is up, requests inside dialogs that only its
 * flows lead to, or that it has itself, are handed over to it. The same name again changes
 * it; what was handed over to one that is not up any more, and is not answered, goes on without
 * it. SIP_E_INVALID (no name or place, or our own), SIP_E_LIMIT past 64, SIP_E_MEMORY. */
int sip_engine_set_node(sip_engine *engine, sip_time now, sip_str name, sip_str place, bool is_up);

/* The user part of a URI of ours by which other nodes reach who is at the end of a flow:
 * what has it in a Route is forwarded by that flow (route_token.h). */
void sip_engine_write_flow_token(sip_engine *engine, const sip_flow *flow, sip_buffer *out);

/* True when a sip or sips URI is at a domain of ours, or at an address and port that we
 * listen on or advertise. `flow` (may be NULL) is what its message came by: on a wildcard
 * listener only the address that it reached is known to be ours. */
bool sip_engine_is_own(const sip_engine *engine, const sip_uri *uri, const sip_flow *flow);

/* --- In --------------------------------------------------------------------- */

/* One datagram, or one message cut out by the framer. Malformed ones are
 * answered or dropped; the result is what the parser said (for counters), or
 * SIP_E_REFUSED: the guard did not let it in. */
int sip_engine_receive(sip_engine *engine, sip_time now, const sip_flow *flow, sip_str bytes);
/* Fires what is due. */
void sip_engine_advance(sip_engine *engine, sip_time now);
/* A packet with this owner could not be sent: SIP_E_TRANSPORT or a libuv code. */
void sip_engine_send_failed(sip_engine *engine, sip_time now, sip_id owner, int error);
/* A packet with this owner was given to a connection; is_used: it was open already. */
void sip_engine_sent_by(sip_engine *engine, sip_id owner, sip_id connection, bool is_used);
/* Nothing comes by a connection any more: requests that were sent by it and wait take
 * another way, or fail (failover.c). SIP_E_LIMIT and SIP_E_TIMEOUT: we cut it off. */
void sip_engine_connection_lost(sip_engine *engine, sip_time now, sip_id connection, int error);
/* An answer to a query: targets in order of preference, or an error. */
typedef struct sip_target {
  sip_transport transport;
  sip_sockaddr address;
  sip_sockaddr local; /* the source address that leads there, or family 0 */
} sip_target;
void sip_engine_resolved(sip_engine *engine, sip_time now, sip_id query, const sip_target *targets,
                         size_t count, int error);

/* --- Out -------------------------------------------------------------------- */

typedef struct sip_outgoing {
  sip_packet *packet;    /* the caller releases it */
  sip_flow flow;         /* connection 0 over TCP: reuse or open one to flow.remote */
  sip_sockaddr fallback; /* of a response whose connection is gone (18.2.2); family 0: none */
  sip_id owner;          /* for sip_engine_send_failed, or 0 */
} sip_outgoing;
bool sip_engine_next_packet(sip_engine *engine, sip_outgoing *out);
/* Of a packet with this owner: the domain whose server it goes to, which that server
 * must prove over TLS (RFC 5922 7.3). Empty for a response and when the owner is gone;
 * valid until the next input. */
sip_str sip_engine_peer_name(const sip_engine *engine, sip_id owner);

typedef struct sip_query {
  sip_id id;
  sip_str host;            /* valid until the query is answered */
  uint16_t port;           /* 0: none said */
  sip_transport transport; /* NONE: none said */
  bool secure;             /* sips */
  bool steady;             /* the same answer gives the same order (RFC 3263 4.4) */
  bool wants_local;        /* the host is an address: which one of ours leads there? */
} sip_query;
bool sip_engine_next_query(sip_engine *engine, sip_query *out);

/* The next instant that advance has something to do; SIP_TIME_NEVER. */
sip_time sip_engine_deadline(const sip_engine *engine);

typedef enum sip_event_kind {
  SIP_EVENT_REQUEST,     /* message; transaction is open; dialog when inside one */
  SIP_EVENT_RESPONSE,    /* message; transaction is the client's; dialog when it made or hit one */
  SIP_EVENT_RELIABLE,    /* the same of a reliable 1xx (RFC 3262 4). code 1: its PRACK is the
                          * user's, 0: it was sent */
  SIP_EVENT_PRACKED,     /* dialog: a PRACK without a body. transaction (server): it came for a
                          * 1xx of that INVITE and was answered; 0: ours was */
  SIP_EVENT_NO_PRACK,    /* transaction (server): none came for 64*T1; 504 was sent (RFC 3262 3) */
  SIP_EVENT_FAILED,      /* transaction (client): code says why; no response will come */
  SIP_EVENT_CANCELLED,   /* transaction (server INVITE): 487 was sent; message is the CANCEL */
  SIP_EVENT_ACK,         /* dialog: the ACK of our 2xx; message */
  SIP_EVENT_READY,       /* dialog: an INVITE refused with SIP_E_PENDING may go now (14.1) */
  SIP_EVENT_NO_ACK,      /* dialog: 64*T1 went by without ACK (13.3.1.4): send BYE */
  SIP_EVENT_UNSENT,      /* transaction (server): a final response was not delivered; code */
  SIP_EVENT_FELL_BACK,   /* transaction (client): too large for UDP, TCP failed, UDP now (18.1.1) */
  SIP_EVENT_DIALOG_END,  /* dialog: gone. code: status or error that ended it */
  SIP_EVENT_REFRESH,     /* dialog: its session is to be refreshed by the user (RFC 4028 10): the
                          * other side knows no UPDATE; or code, 401 or 407, was the answer to one */
  SIP_EVENT_IDENTITY,    /* dialog: a request came from another URI (RFC 4916) */
  SIP_EVENT_ROUTED,      /* message; transaction is open, but for an ACK, which has gone on: a
                          * request inside a dialog that we proxied. code 1: to a GRUU of ours */
  SIP_EVENT_STRAY,       /* message: an ACK or a CANCEL that nothing is known of */
  SIP_EVENT_BRANCH,      /* transaction (server), branch: code 0 when it begins, else the status of
                          * the response, which is the message, or that counts for one */
  SIP_EVENT_PROXIED,     /* transaction (server): the branches have ended. code: the best
                          * status so far, message: that response, if it is one; branch: its */
  SIP_EVENT_GUARD,       /* the guard refused somebody: its report has news */
  SIP_EVENT_NOTIFIED,    /* subscription, origin: a NOTIFY came, which was answered; message */
  SIP_EVENT_REFRESHED,   /* subscription: refreshed for so many seconds; code */
  SIP_EVENT_CHALLENGED,  /* subscription: 401 or 407 to a request of it; message */
  SIP_EVENT_FLOW_FAILED, /* of keep_alive.h */
  SIP_EVENT_SUBSCRIPTION_END /* subscription, origin: gone. code: a sip_subscription_reason, or
                              * the status or error that ended it; message: the last NOTIFY */
} sip_event_kind;

typedef struct sip_event {
  sip_event_kind kind;
  sip_id transaction;
  sip_id dialog;
  sip_id subscription;
  sip_id origin;   /* the one that was asked for, when a fork made this one; else itself */
  uint32_t branch; /* of BRANCH and PROXIED: its number */
  int code;
  sip_flow flow;              /* of the message; of UNSENT, NO_ACK, FELL_BACK: to whom */
  const sip_message *message; /* NULL or valid until the next call of next_event */
} sip_event;
bool sip_engine_next_event(sip_engine *engine, sip_event *out);

/* --- Session timers (RFC 4028) --------------------------------------------------- */

typedef enum sip_refreshes {
  SIP_REFRESHES_EITHER,
  SIP_REFRESHES_US,
  SIP_REFRESHES_THEM
} sip_refreshes;

#define SIP_SESSION_NEVER UINT32_MAX

/* What is asked for, or put into a 2xx, of INVITE and UPDATE; a field of 0 is the engine's. */
typedef struct sip_session_wish {
  uint32_t interval_s;     /* SIP_SESSION_NEVER: no timer, whatever the other side says */
  uint32_t min_s;          /* Min-SE */
  sip_refreshes refresher; /* where we have the choice */
} sip_session_wish;

/* Of the engine: no timer (interval_s 0, the default), min_s 90 at least. Where dialogs have
 * one they are refreshed without the user, by UPDATE, when the other side allows that. */
void sip_engine_set_session_timer(sip_engine *engine, const sip_session_wish *wish);

/* --- Answering ---------------------------------------------------------------- */

typedef struct sip_reply {
  int status;
  sip_str reason;  /* empty: the registered one */
  sip_str headers; /* whole lines, each ending in CRLF, checked by the caller; may be empty */
  sip_str content_type;
  sip_str body;
  sip_str to_tag; /* empty: one per transaction is minted when needed (8.2.6.2) */
  bool stateless; /* a rejection that leaves nothing behind (8.2.7); not for 1xx and 2xx */
  /* A 101-199 is sent again until its PRACK when the INVITE supports that (RFC 3262); when it
   * requires that, always. */
  bool reliable;
  sip_session_wish session; /* of a 2xx to INVITE and UPDATE */
} sip_reply;

typedef struct sip_replied {
  sip_id dialog; /* that it made, confirmed or belongs to, or 0 */
  uint32_t rseq; /* of a response that is reliable, or 0 */
  bool is_held;  /* it waits for a PRACK: of the 1xx before it, or, a 2xx, of a description */
} sip_replied;

/* The transaction of a request was opened when its event was made: its
 * retransmissions are absorbed, and an INVITE without an answer after 200 ms gets
 * a 100 (17.2.1).
 * A 101-299 to INVITE, and a 2xx to SUBSCRIBE and REFER, makes or confirms a
 * dialog; Contact and Record-Route are added (12.1.1). *out may be NULL.
 * SIP_E_STATE after a final response, SIP_E_GONE; SIP_E_INVALID for a 408 or a
 * 101-199 to anything but INVITE (RFC 4320 4); SIP_E_LIMIT when too many responses wait for
 * PRACKs. 2xx to INVITE are sent again until the ACK (13.3.1.4). */
int sip_engine_reply(sip_engine *engine, sip_time now, sip_id transaction, const sip_reply *reply,
                     sip_replied *out);

/* The checks a user agent makes before it accepts (8.2): 420, 482, 416, 415 ..., or
 * 0. also: extensions that are supported for this request, beside ours ("path, outbound").
 * *headers gets the lines such a reply needs (Unsupported ...). */
int sip_engine_check(sip_engine *engine, sip_id transaction, sip_str also, sip_buffer *headers);

/* Answers a request that has no transaction, once and without state (8.2.7). */
void sip_engine_refuse(sip_engine *engine, sip_time now, const sip_message *request,
                       const sip_flow *flow, int status);

/* --- Asking ------------------------------------------------------------------- */

typedef struct sip_request {
  sip_str method;
  sip_str uri;            /* Request-URI; empty inside a dialog */
  sip_str from;           /* name-addr without tag; inside a dialog another URI than before, from
                           * its 2xx on (RFC 4916), or empty */
  sip_str to;             /* empty: <uri> */
  sip_str call_id;        /* empty: minted */
  sip_str from_tag;       /* empty: minted */
  uint32_t cseq;          /* 0: the dialog's next, or 1 */
  sip_str routes;         /* Route values, comma separated: preloaded route set or outbound proxy */
  sip_str contact;        /* a URI; empty: one of ours where the method needs it (8.1.1.8) */
  sip_str contact_params; /* ";expires=600": with them a REGISTER has a Contact of ours too */
  sip_str contact_uri_params; /* ";ob", in the URI of a Contact of ours */
  sip_str headers;            /* whole lines, as in a reply; a Max-Forwards here replaces 70 */
  sip_str content_type;
  sip_str body;
  sip_sockaddr destination; /* family 0: found from the routes or the URI */
  sip_transport transport;  /* NONE: from the next hop's URI */
  sip_id connection;        /* send on this connection, or 0 */
  uint32_t listener;        /* 0: the first that fits */
  uint32_t timeout_ms;      /* Timer B or F; 0: 64*T1 */
  sip_session_wish session; /* of INVITE and UPDATE */
  bool own_ack;             /* the caller acknowledges a 2xx itself (offer in the 2xx), and a
                             * reliable 1xx with a body */
  bool own_prack;           /* the caller acknowledges every reliable 1xx itself */
  bool keep;                /* offers keep-alives in its Via (RFC 6223 4.1) */
  bool no_tcp;              /* large requests stay on UDP (18.1.1 override) */
  bool orphan;              /* fire and forget: no event follows */
  bool is_told;             /* of an orphaned PRACK: but SIP_EVENT_PRACKED at its 2xx */
  bool is_refresh;          /* of a session timer's own (session_timer.h) */
  sip_id subscription;      /* that it asks for (subscription.h), or 0 */
} sip_request;

/* SIP_E_URI, SIP_E_NO_ROUTE, SIP_E_LIMIT, SIP_E_INVALID. */
int sip_engine_request(sip_engine *engine, sip_time now, const sip_request *request,
                       sip_id *transaction);
/* The same inside a dialog (12.2.1). ACK is sip_engine_ack, CANCEL sip_engine_cancel.
 * SIP_E_PENDING for an INVITE while another of either side is not over, which includes
 * the ACK of our answer (14.1): SIP_EVENT_READY follows when it is. */
int sip_engine_dialog_request(sip_engine *engine, sip_time now, sip_id dialog,
                              const sip_request *request, sip_id *transaction);

/* Acknowledges the latest 2xx to an INVITE of this dialog (13.2.2.4); it is sent
 * again for every further copy of the 2xx. */
int sip_engine_ack(sip_engine *engine, sip_time now, sip_id dialog, const sip_request *request);

/* Cancels an INVITE (9.1): at once after a provisional response, else when one
 * comes. `headers`: e.g. Reason. SIP_E_STATE when it has a final response. */
int sip_engine_cancel(sip_engine *engine, sip_time now, sip_id transaction, sip_str headers);

/* --- Dialogs ------------------------------------------------------------------- */

typedef enum sip_dialog_state {
  SIP_DIALOG_EARLY,
  SIP_DIALOG_CONFIRMED,
  SIP_DIALOG_TERMINATED
} sip_dialog_state;

typedef struct sip_dialog_info {
  sip_dialog_state state;
  bool is_uas; /* we answered the request that made it */
  bool secure;
  bool by_usages;           /* it lasts as long as its subscriptions (RFC 6665 4.5.2) */
  bool owes_ack;            /* a 2xx came to an INVITE of ours, and no ACK was sent yet */
  bool peer_updates;        /* its Allow has UPDATE (RFC 3311 4) */
  bool peer_renames;        /* it supports from-change (RFC 4916 4.4) */
  bool peer_tdialog;        /* it supports tdialog (RFC 4538 4) */
  uint32_t session_s;       /* interval of its session timer; 0: none */
  bool session_is_ours;     /* we refresh */
  sip_time session_ends_at; /* a BYE is sent then, unless it is refreshed */
  sip_str call_id;
  sip_str local_tag;
  sip_str remote_tag;
  sip_str local_uri; /* name-addr or URI as in From/To, without tag */
  sip_str remote_uri;
  sip_str target; /* remote target URI */
  sip_str routes; /* comma separated */
  uint32_t local_cseq;
  uint32_t remote_cseq;
} sip_dialog_info;
/* Slices are valid until the next call into the engine. */
int sip_engine_dialog_info(const sip_engine *engine, sip_id dialog, sip_dialog_info *out);

/* The dialog of these ids (RFC 3891 3), or 0. */
sip_id sip_engine_dialog_find(sip_engine *engine, sip_str call_id, sip_str local_tag,
                              sip_str remote_tag);

/* True when a dialog of these ids, which an INVITE made, has ended and is among the last that did
 * (RFC 3891 3). */
bool sip_engine_dialog_ended(const sip_engine *engine, sip_str call_id, sip_str local_tag,
                             sip_str remote_tag);

/* True while a 2xx of ours to an INVITE of this dialog has no ACK yet, or still waits for a
 * PRACK: a BYE has to wait for it (15). */
bool sip_engine_awaits_ack(const sip_engine *engine, sip_id dialog);

/* Forgets a dialog without a message. No event follows. */
void sip_engine_dialog_drop(sip_engine *engine, sip_time now, sip_id dialog);

/* A token unique as tags are, with the engine's owner in front: for names of the
 * user's own. Returns its length; `out` has room for SIP_ENGINE_TOKEN_MAX bytes. */
enum { SIP_ENGINE_TOKEN_MAX = 32 };
size_t sip_engine_token(sip_engine *engine, char *out);

/* --- History --------------------------------------------------------------------- */

/* Keeps the last `bytes` of messages, records and all, from now on; 0, as at the
 * start, keeps none. SIP_E_MEMORY. */
int sip_engine_set_history(sip_engine *engine, size_t bytes);
/* As sip_history_next. A message that goes out is one when it is handed out. */
bool sip_engine_next_record(const sip_engine *engine, sip_history_cursor *cursor, sip_record *out);

/* --- Counters -------------------------------------------------------------------- */

typedef struct sip_engine_counts {
  size_t server_transactions;
  size_t client_transactions;
  size_t dialogs;
  size_t subscriptions;
  size_t events;
  size_t packets; /* waiting to be drained */
  size_t queries; /* likewise */
  size_t timers;
  size_t session_timers; /* of them: sessions that will be refreshed, or end */
  size_t live_bytes;     /* of the engine's allocator */
  size_t live_blocks;
  uint64_t received;
  uint64_t sent;
  uint64_t malformed;
  uint64_t dropped;
  uint64_t absorbed; /* retransmissions that met a transaction */
  uint64_t refused[GUARD_REASONS];
} sip_engine_counts;
/* True while a request of ours waits for its final response; looks at every
 * transaction. */
bool sip_engine_is_asking(const sip_engine *engine);
void sip_engine_get_counts(const sip_engine *engine, sip_engine_counts *out);

#endif
