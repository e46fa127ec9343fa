/* SPDX-License-Identifier: MIT
 *
 * A subscription from inside: a usage of a dialog (RFC 5057), which lasts as long as any usage
 * of it. The arrows of the figures in RFC 6665 4.1.2 and 4.2.2 are the rows of
 * subscription_table.c.
 */
#ifndef MOONSIP_SIP_SUBSCRIPTION_USAGE_H
#define MOONSIP_SIP_SUBSCRIPTION_USAGE_H

#include "sip/dialog.h"
#include "sip/event_package.h"
#include "sip/subscription.h"

enum {
  SIP_SUBSCRIPTIONS_PER_DIALOG = 16,
  SIP_SUBSCRIPTION_FORKS = 32 /* dialogs that the NOTIFYs for one SUBSCRIBE may make */
};

typedef enum sip_subscription_role {
  SIP_NOTIFIER,
  SIP_SUBSCRIBER,
  SIP_ROLE_COUNT
} sip_subscription_role;

#define SIP_USAGE_STATES(X)                                                                 \
  X(NONE, "none")                                                                           \
  X(NOTIFY_WAIT, "notify_wait") /* subscriber: no NOTIFY yet */                             \
  X(PENDING, "pending")                                                                     \
  X(ACTIVE, "active")                                                                       \
  X(ENDING, "ending") /* notifier: the last NOTIFY is not answered; subscriber: not come */ \
  X(GONE, "gone")

typedef enum sip_usage_state {
#define X(name, text) SIP_USAGE_##name,
  SIP_USAGE_STATES(X)
#undef X
      SIP_USAGE_STATE_COUNT
} sip_usage_state;

#define SIP_USAGE_INPUTS(X)                                                           \
  X(NEWS)      /* notifier: another document */                                       \
  X(GRANTED)   /* notifier: policy allows it */                                       \
  X(REFRESH)   /* notifier: a SUBSCRIBE; subscriber: it is time for one */            \
  X(LEAVE)     /* notifier: SUBSCRIBE with Expires 0; subscriber: its user is done */ \
  X(TERMINATE) /* notifier: its user ends it */                                       \
  X(EXPIRED)   /* nobody refreshed it */                                              \
  X(DELIVERED) /* our request got a 2xx */                                            \
  X(REFUSED)   /* it got what concerns that request alone (RFC 5057 5.1) */           \
  X(FAILED)    /* it got what ends the usage, or no response at all */                \
  X(PENDING)   /* subscriber: a NOTIFY with that state ... */                         \
  X(ACTIVE)    /* ... or this one */                                                  \
  X(TERMINATED)                                                                       \
  X(TIMER_N) /* no NOTIFY came for 64*T1 */

typedef enum sip_usage_input {
#define X(name) SIP_USAGE_ON_##name,
  SIP_USAGE_INPUTS(X)
#undef X
      SIP_USAGE_INPUT_COUNT
} sip_usage_input;

enum {
  SIP_USAGE_DOES_NOTIFY = 1 << 0,    /* a NOTIFY is due */
  SIP_USAGE_DOES_SUBSCRIBE = 1 << 1, /* a SUBSCRIBE is due */
  SIP_USAGE_DOES_NEXT = 1 << 2,      /* what had to wait may go */
  SIP_USAGE_DOES_END = 1 << 3        /* it is over, and its user hears so */
};

typedef struct sip_usage_arrow {
  uint8_t next; /* sip_usage_state; NONE: the input is ignored */
  uint8_t actions;
} sip_usage_arrow;
sip_usage_arrow sip_subscription_arrow(sip_subscription_role role, sip_usage_state state,
                                       sip_usage_input input);

typedef struct sip_subscription {
  sip_id id;
  sip_id dialog;      /* 0: no NOTIFY has made one yet */
  sip_id in_flight;   /* our request that has no final response, or 0 */
  sip_link in_dialog; /* in its dialog's list */
  sip_timer expiry;   /* notifier: the end; subscriber: the refresh, then the end */
  sip_timer pace;     /* notifier: the next NOTIFY may go; subscriber: Timer N */
  sip_time ends_at;
  sip_packet *event; /* value of Event */
  uint8_t role;
  uint8_t state;  /* sip_usage_state */
  uint8_t reason; /* sip_subscription_reason of its end */
  bool owes;      /* there is more to send than what is in flight */
  bool hears_refreshes;
  uint8_t challenges; /* of the request in flight */
  union {
    struct {
      sip_document document;
      uint32_t least_s, most_s, default_s, interval_ms;
      uint32_t number;        /* of NOTIFYs with a document that is numbered */
      uint32_t retry_after_s; /* of the last NOTIFY */
    } notifier;
    struct {
      sip_map_node by_request; /* Call-ID and From tag, while NOTIFYs may come from forks */
      sip_packet *call_id, *from_tag, *headers;
      sip_id origin;      /* the one that was asked for: itself, unless it came of a fork */
      uint32_t expires_s; /* that is asked for */
      uint32_t cseq;      /* of the request that asked */
      uint8_t forks;
      bool is_refer;
      bool awaits_notify; /* Timer N means its end, not only that of further forks */
      bool is_refreshing; /* the timer is the refresh, not the end */
    } subscriber;
  };
} sip_subscription;

/* One with its id; NULL at the limit or without memory. Takes the reference of `event`. */
sip_subscription *sip_subscription_new(sip_engine *engine, sip_subscription_role role,
                                       sip_packet *event);
sip_subscription *sip_subscription_find(const sip_engine *engine, sip_id id);
void sip_subscription_join(sip_subscription *s, sip_dialog *dialog);
/* No further one may join it; dialog may be NULL. */
bool sip_subscription_is_full(const sip_dialog *dialog);
/* Its dialog goes along when that was its last usage. */
void sip_subscription_free(sip_engine *engine, sip_subscription *s);
/* The same, and SIP_EVENT_SUBSCRIPTION_END. kept (may be NULL): the message that says so. */
void sip_subscription_end(sip_engine *engine, sip_subscription *s, int code, sip_kept *kept);
/* A dialog is gone with all its usages. */
void sip_subscription_end_all(sip_engine *engine, sip_dialog *dialog, int code);

/* Follows the arrow of an input; the subscription may be gone then. code: of an end. */
void sip_subscription_drive(sip_engine *engine, sip_subscription *s, sip_usage_input input,
                            int code);
/* What the arrows of each role do. */
void sip_notifier_send(sip_engine *engine, sip_subscription *s);
void sip_notifier_paced(sip_engine *engine, sip_subscription *s); /* its pace allows the next */
void sip_subscriber_send(sip_engine *engine, sip_subscription *s);

/* The usage of a dialog in a role that an Event is about, or NULL. */
sip_subscription *sip_subscription_match(const sip_dialog *dialog, sip_subscription_role role,
                                         const sip_event_package *event);
/* The Event of a message; false without a usable one. */
bool sip_subscription_event(const sip_message *message, sip_event_package *out);
/* Opens a request of ours in it; an error ends the subscription. */
void sip_subscription_request(sip_engine *engine, sip_subscription *s, sip_request *request);
/* The value of Expires; false when there is none. A number too large counts as 2**32-1. */
bool sip_subscription_expires(const sip_message *message, uint32_t *out);
/* Starts its end, so many seconds from now. */
void sip_subscription_set_end(sip_engine *engine, sip_subscription *s, uint32_t seconds);
uint32_t sip_subscription_left(const sip_engine *engine, const sip_subscription *s);

/* A SUBSCRIBE or NOTIFY inside a dialog (engine->parsed); false when it is no subscription's. */
bool sip_subscription_receive(sip_engine *engine, const sip_flow *flow, sip_dialog *dialog);
bool sip_notifier_receive(sip_engine *engine, const sip_flow *flow, sip_dialog *dialog,
                          const sip_event_package *event);
bool sip_subscriber_receive(sip_engine *engine, const sip_flow *flow, sip_dialog *dialog,
                            const sip_event_package *event);
/* A NOTIFY that is in no dialog yet: false when nobody asked for it. */
bool sip_subscriber_receive_first(sip_engine *engine, const sip_flow *flow);

/* Outcomes of our requests: true when no user has to hear of them. */
bool sip_subscription_response(sip_engine *engine, sip_transaction *t, const sip_message *response,
                               const sip_flow *flow);
bool sip_subscription_failed(sip_engine *engine, const sip_transaction *t, int error);
/* A request that asks for it was sent by its user. */
void sip_subscriber_sent(sip_engine *engine, const sip_transaction *t, uint32_t cseq);
/* ... and answered with a 2xx. */
void sip_subscriber_accepted(sip_engine *engine, sip_subscription *s, const sip_message *response);

/* Its timers. */
void sip_subscription_expire(sip_engine *engine, sip_subscription *s);
void sip_subscription_paced(sip_engine *engine, sip_subscription *s);

#endif
