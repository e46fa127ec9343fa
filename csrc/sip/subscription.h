/* SPDX-License-Identifier: MIT
 *
 * Subscriptions (RFC 6665), both roles: what a user of the engine does with them. Refreshes,
 * expiry, the order of NOTIFYs and Timer N are the engine's; its user hears of news, of the
 * end, and of what it asked to hear of.
 */
#ifndef MOONSIP_SIP_SUBSCRIPTION_H
#define MOONSIP_SIP_SUBSCRIPTION_H

#include "sip/engine.h"

/* Why one ended, as Subscription-State says it (4.1.3). */
#define SIP_SUBSCRIPTION_REASONS(X) \
  X(NONE, "")                       \
  X(DEACTIVATED, "deactivated")     \
  X(PROBATION, "probation")         \
  X(REJECTED, "rejected")           \
  X(TIMEOUT, "timeout")             \
  X(GIVEUP, "giveup")               \
  X(NORESOURCE, "noresource")       \
  X(INVARIANT, "invariant")         \
  X(OTHER, "other") /* a word of its own */

typedef enum sip_subscription_reason {
#define X(name, text) SIP_SUBSCRIPTION_##name,
  SIP_SUBSCRIPTION_REASONS(X)
#undef X
      SIP_SUBSCRIPTION_REASON_COUNT
} sip_subscription_reason;

sip_subscription_reason sip_subscription_reason_parse(sip_str text);
sip_str sip_subscription_reason_text(sip_subscription_reason reason);

/* The state of a resource as a NOTIFY carries it, shared by all who watch it. */
typedef struct sip_document {
  sip_packet *packet; /* Content-Type, then the body; NULL: there is none */
  uint32_t type_len;
  uint32_t number_at; /* in the body, where each NOTIFY of a subscription has its number (0 and up)
                         ... */
  bool is_numbered;   /* ... for packages that count them (RFC 4235 4.1, 3680 5.2, 4575 5.3) */
} sip_document;

/* A document with one reference, the caller's; packet NULL without memory. */
sip_document sip_document_make(sip_engine *engine, sip_str content_type, sip_str body);
void sip_document_release(sip_document *document);

/* --- Notifier ------------------------------------------------------------------- */

typedef struct sip_acceptance {
  uint32_t least_s;     /* shorter ones get 423, when that is allowed (4.2.1.1) */
  uint32_t most_s;      /* longer ones are shortened; 0: no bound */
  uint32_t default_s;   /* of a SUBSCRIBE without Expires, and of a REFER */
  uint32_t interval_ms; /* between two NOTIFYs at least, a throttle of the package */
  bool is_pending;      /* nobody has decided yet whether he may */
  sip_str event;        /* of NOTIFYs; empty: the Event of the SUBSCRIBE, with its id */
  sip_str headers;      /* lines of the 200 */
  sip_document document;
} sip_acceptance;

/* Answers a SUBSCRIBE or REFER with 200 (8.3.1) and opens its subscription. The first NOTIFY
 * goes with the document, or, without one, when the user has had a turn to give it. 0 and
 * *subscription; or 423, with which it was refused; or an error: SIP_E_HEADER without a usable
 * Event or Contact, SIP_E_LIMIT, and those of sip_engine_reply. */
int sip_engine_accept(sip_engine *engine, sip_time now, sip_id transaction,
                      const sip_acceptance *wish, sip_id *subscription);

/* The newest state, sent as soon as the NOTIFY before it is answered and the interval is over;
 * what was never sent is replaced. A pending subscription stays so. */
int sip_engine_notify(sip_engine *engine, sip_time now, sip_id subscription,
                      const sip_document *document);
/* It may be told now: pending becomes active. */
int sip_engine_grant(sip_engine *engine, sip_time now, sip_id subscription);
/* The last NOTIFY. */
typedef struct sip_termination {
  sip_subscription_reason reason;
  uint32_t retry_after_s; /* 0: none */
  sip_document document;  /* without a packet: the newest there is */
} sip_termination;
int sip_engine_terminate(sip_engine *engine, sip_time now, sip_id subscription,
                         const sip_termination *how);

/* --- Subscriber ----------------------------------------------------------------- */

typedef struct sip_watch {
  sip_str call_id;  /* of the request that will ask for it, ... */
  sip_str from_tag; /* ... and its From tag */
  sip_str event;    /* value of Event; of a REFER "refer" */
  sip_str headers;  /* lines of every refresh: Accept and the like */
  uint32_t expires_s;
  sip_id dialog; /* that the request goes in, or 0 */
} sip_watch;

/* Opens one before its SUBSCRIBE or REFER is sent with sip_request.subscription set, since
 * a NOTIFY may come before the answer. SIP_E_LIMIT, SIP_E_HEADER. */
int sip_engine_watch(sip_engine *engine, sip_time now, const sip_watch *watch, sip_id *out);
/* Ends it: by a SUBSCRIBE with Expires 0, or, where no NOTIFY came yet, by saying 481 to
 * whatever comes. SIP_EVENT_SUBSCRIPTION_END follows in the first case only. */
int sip_engine_unsubscribe(sip_engine *engine, sip_time now, sip_id subscription);
/* Refreshes it now, with another duration (0: the same). */
int sip_engine_resubscribe(sip_engine *engine, sip_time now, sip_id subscription,
                           uint32_t expires_s);

/* --- Both ------------------------------------------------------------------------ */

/* Sends the request again that was challenged (SIP_EVENT_CHALLENGED), with these lines; empty:
 * we have no proof, and it counts as refused. */
int sip_engine_prove(sip_engine *engine, sip_time now, sip_id subscription, sip_str headers);
/* Whether SIP_EVENT_REFRESHED is pushed. */
int sip_engine_hear_refreshes(sip_engine *engine, sip_id subscription, bool wanted);
/* Forgets it without a message. No event follows. */
void sip_engine_subscription_drop(sip_engine *engine, sip_time now, sip_id subscription);

typedef struct sip_subscription_info {
  bool is_notifier;
  const char *state; /* "notify_wait", "pending", "active", "ending" */
  sip_str event;
  uint32_t left_s; /* until it expires */
  sip_id dialog;   /* 0: none yet */
} sip_subscription_info;
int sip_engine_subscription_info(const sip_engine *engine, sip_id subscription,
                                 sip_subscription_info *out);

#endif
