/* SPDX-License-Identifier: MIT
 *
 * The four transaction machines of RFC 3261 17 as amended by RFC 6026, and
 * what one transaction holds. The arrows of the figures are the rows of
 * transaction_table.c; what an arrow does is a set of actions.
 */
#ifndef MOONSIP_SIP_TRANSACTION_H
#define MOONSIP_SIP_TRANSACTION_H

#include "base/list.h"
#include "base/map.h"
#include "base/timer.h"
#include "sip/engine.h"

typedef enum sip_machine {
  SIP_CLIENT_INVITE, /* figure 5 */
  SIP_CLIENT_OTHER,  /* figure 6 */
  SIP_SERVER_INVITE, /* figure 7 */
  SIP_SERVER_OTHER,  /* figure 8 */
  SIP_MACHINE_COUNT
} sip_machine;

#define SIP_STATES(X) \
  X(NONE)             \
  X(CALLING)          \
  X(TRYING)           \
  X(PROCEEDING)       \
  X(ACCEPTED)         \
  X(COMPLETED)        \
  X(CONFIRMED)        \
  X(TERMINATED)

typedef enum sip_state {
#define X(name) SIP_STATE_##name,
  SIP_STATES(X)
#undef X
      SIP_STATE_COUNT
} sip_state;

/* RECV: from the network; SEND: the transaction user's wish; timers by the
 * letters of RFC 3261 table 4 and RFC 6026. TIMER_100: 200 ms without an answer
 * to an INVITE (17.2.1). TIMER_CANCEL: 64*T1 after a CANCEL (9.1). */
#define SIP_INPUTS(X) \
  X(RECV_1XX)         \
  X(RECV_2XX)         \
  X(RECV_FAILURE)     \
  X(RECV_REQUEST)     \
  X(RECV_ACK)         \
  X(SEND_1XX)         \
  X(SEND_2XX)         \
  X(SEND_FAILURE)     \
  X(TRANSPORT_ERROR)  \
  X(TIMER_100)        \
  X(TIMER_A)          \
  X(TIMER_B)          \
  X(TIMER_C)          \
  X(TIMER_CANCEL)     \
  X(TIMER_D)          \
  X(TIMER_E)          \
  X(TIMER_F)          \
  X(TIMER_G)          \
  X(TIMER_H)          \
  X(TIMER_I)          \
  X(TIMER_J)          \
  X(TIMER_K)          \
  X(TIMER_L)          \
  X(TIMER_M)

typedef enum sip_input {
#define X(name) SIP_INPUT_##name,
  SIP_INPUTS(X)
#undef X
      SIP_INPUT_COUNT
} sip_input;

#define SIP_ACTIONS(X)                                          \
  X(STOP)       /* both timers; carried out first */            \
  X(SEND)       /* the request, or the last response, again */  \
  X(TRYING)     /* a 100 */                                     \
  X(ACK)        /* the ACK of a failure, again when repeated */ \
  X(CANCEL)     /* a CANCEL of this INVITE */                   \
  X(TO_USER)    /* the message goes up */                       \
  X(TIMED_OUT)  /* the user hears of it */                      \
  X(FAILED)     /* likewise, of a transport error */            \
  X(RETRANSMIT) /* start A, E or G, with its next interval */   \
  X(LIMIT)      /* start B, F or H */                           \
  X(LINGER)     /* start D, I, J, K, L or M */                  \
  X(GUARD)      /* start C */

enum {
#define X(name) SIP_ACTION_INDEX_##name,
  SIP_ACTIONS(X)
#undef X
};
enum {
#define X(name) SIP_ACTION_##name = 1 << SIP_ACTION_INDEX_##name,
  SIP_ACTIONS(X)
#undef X
};

typedef struct sip_arrow {
  uint8_t next; /* sip_state; NONE: the input is ignored in this state */
  uint16_t actions;
} sip_arrow;

sip_arrow sip_transaction_arrow(sip_machine machine, sip_state state, sip_input input);

/* By name, for tests and traces; NULL past the end. */
const char *sip_state_name(int state);
const char *sip_input_name(int input);
const char *sip_action_name(int index);
const char *sip_machine_name(int machine);

/* A received message that its event and its transaction share. */
typedef struct sip_kept {
  uint32_t references;
  uint32_t size;
  sip_flow flow;        /* it came by */
  sip_message *message; /* behind this struct in the same block */
} sip_kept;

enum { SIP_TO_TAG_MAX = 63 };

typedef struct sip_transaction {
  sip_timer retransmit; /* A, E, G, or TIMER_100 */
  sip_timer timeout;    /* B, C, D, F, H to M, TIMER_CANCEL */
  sip_map_node by_key;
  sip_id id;
  sip_id dialog; /* it belongs to or made, or 0 */
  uint8_t machine;
  uint8_t state;
  uint8_t method;
  uint32_t flags;
  uint16_t status; /* last response seen or sent; 0 none */
  uint16_t key_len;
  uint32_t interval_ms; /* of the next retransmission */
  uint32_t timeout_ms;  /* client: B or F */
  uint32_t listener;
  sip_flow flow;         /* where its packets go */
  sip_sockaddr fallback; /* server: when the connection is gone */
  sip_packet *packet;    /* client: the request; server: the last response */
  union {
    struct {
      sip_kept *request;             /* until the final response */
      sip_map_node by_merge;         /* out of dialog: From tag, Call-ID, CSeq (8.2.2.2) */
      struct sip_proxy *proxy;       /* that forwards it, or NULL */
      struct sip_reliable *reliable; /* of an INVITE: its reliable responses, or NULL */
      sip_id acknowledges;           /* of a PRACK: the INVITE's */
      uint8_t to_tag_len;
      char to_tag[SIP_TO_TAG_MAX];
    } server;
    struct {
      uint32_t head_at;             /* of the Via and Contact that depend on the listener ... */
      uint32_t head_len;            /* ... 0 before they are written */
      sip_span user;                /* of that Contact; counted from the end of the head */
      sip_span next_hop;            /* URI, as it was before the head was written; or empty */
      struct sip_query_open *query; /* NULL once answered */
      sip_target *targets;          /* to try one after the other, or NULL */
      uint32_t target_count;
      uint32_t target_next;
      sip_packet *cancel_headers;  /* wanted, not yet sent (9.1) */
      sip_id subscription;         /* that it asks for or is of, or 0 */
      struct sip_waiters *waiters; /* by whose connection it was sent, or NULL */
      sip_link waiting;            /* in their list */
      union {
        struct {
          sip_link dialogs; /* that its responses made */
          uint64_t ended;   /* hash of the To tag of the one that ended last, or 0 */
        };
        struct sip_branch *branch; /* PROXIED: whose request it carries; NULL when that ended */
      };
    } client;
  };
  char key[]; /* branch, and the sent-by of a server's */
} sip_transaction;

enum {
  SIP_TRANSACTION_RELIABLE = 1 << 0,
  SIP_TRANSACTION_ORPHAN = 1 << 1,      /* client: nobody wants to hear of it */
  SIP_TRANSACTION_OWN_ACK = 1 << 2,     /* client: the user acknowledges a 2xx */
  SIP_TRANSACTION_CONTACT = 1 << 3,     /* client: write a Contact of ours */
  SIP_TRANSACTION_UDP_AFTER = 1 << 4,   /* client: TCP because of its size; UDP when that fails */
  SIP_TRANSACTION_CANCELLED = 1 << 5,   /* a CANCEL was sent or came */
  SIP_TRANSACTION_MERGEABLE = 1 << 6,   /* server: by_merge is in its map */
  SIP_TRANSACTION_IN_DIALOG = 1 << 7,   /* server: the request carried a To tag */
  SIP_TRANSACTION_MERGED = 1 << 10,     /* server: another copy was here first (8.2.2.2) */
  SIP_TRANSACTION_SECURE = 1 << 8,      /* client: sips */
  SIP_TRANSACTION_STAY_UDP = 1 << 9,    /* client: never TCP because of its size */
  SIP_TRANSACTION_USED = 1 << 11,       /* client: sent by a connection that was open before */
  SIP_TRANSACTION_SENT_AGAIN = 1 << 12, /* client: by another one, when that broke */
  SIP_TRANSACTION_PROXIED = 1 << 13,    /* by proxy.h: no user agent of ours has to do with it */
  SIP_TRANSACTION_ONCE = 1 << 14,       /* client: sent and forgotten, without state (16.11) */
  SIP_TRANSACTION_VOUCHED = 1 << 15,    /* server: it has proven whose it is */
  SIP_TRANSACTION_OWN_PRACK = 1 << 16,  /* client: the user acknowledges reliable 1xx */
  SIP_TRANSACTION_TOLD = 1 << 17,       /* client: an orphaned PRACK whose success is told */
  SIP_TRANSACTION_REFRESH = 1 << 18,    /* client: of a session timer */
  SIP_TRANSACTION_UNTIMED = 1 << 19,    /* client: no session timer comes of it */
  SIP_TRANSACTION_RENAMES = 1 << 20,    /* client: its From is the dialog's from its 2xx on */
  SIP_TRANSACTION_BY_FLOW = 1 << 21,    /* client: its user said by which connection */
  SIP_TRANSACTION_KEEP = 1 << 22        /* client: its Via offers keep-alives */
};

/* Drives a machine: the input's arrow is followed and its actions carried out.
 * message and flow: of the response or ACK that came, else NULL. error: for
 * TRANSPORT_ERROR. False when the state ignores the input. The transaction may
 * be gone afterwards. */
typedef struct sip_transaction_cause {
  sip_input input;
  const sip_message *message;
  const sip_flow *flow;
  int error;
} sip_transaction_cause;
bool sip_transaction_drive(sip_engine *engine, sip_transaction *t,
                           const sip_transaction_cause *cause);
/* The same with TRANSPORT_ERROR. */
void sip_transaction_fail(sip_engine *engine, sip_transaction *t, int error);

/* The machine with its id and key room; not in any map yet. NULL at the limit or
 * without memory. */
sip_transaction *sip_transaction_new(sip_engine *engine, sip_machine machine, size_t key_len);
void sip_transaction_free(sip_engine *engine, sip_transaction *t);

/* Timers A, E or G with the next interval, and B, F or H. */
void sip_transaction_start_retransmit(sip_engine *engine, sip_transaction *t);
void sip_transaction_start_limit(sip_engine *engine, sip_transaction *t);

/* Puts its packet on the way. */
void sip_transaction_send(sip_engine *engine, sip_transaction *t);

static inline bool sip_transaction_is_client(const sip_transaction *t) {
  return t->machine == SIP_CLIENT_INVITE || t->machine == SIP_CLIENT_OTHER;
}

#endif
