/* SPDX-License-Identifier: MIT
 *
 * A request that is being proxied, which RFC 3261 16.7 calls a response context: its
 * targets, the branches that try them, and the best response so far. Shared by the files
 * whose names begin with "proxy".
 *
 * It lives from the first target to the end of the last branch that may still bring a
 * response worth forwarding: a failure ends a branch, a 2xx to INVITE at Timer M.
 */
#ifndef MOONSIP_SIP_PROXY_H
#define MOONSIP_SIP_PROXY_H

#include "sip/engine_proxy.h"
#include "sip/forward.h"
#include "sip/state.h"

typedef struct sip_proxy sip_proxy;

#define SIP_BRANCH_STATES(X)                                           \
  X(WAITING)    /* in the target set */                                \
  X(TRYING)     /* under way; nothing came but 100 */                  \
  X(RINGING)    /* a provisional response came */                      \
  X(CANCELLING) /* as those two, but we want no answer any more */     \
  X(GIVEN_UP)   /* counted as 408; what it brings late may be a 2xx */ \
  X(ACCEPTED)   /* a 2xx came */                                       \
  X(FAILED)     /* it has failed, or was never tried */

typedef enum sip_branch_state {
#define X(name) SIP_BRANCH_##name,
  SIP_BRANCH_STATES(X)
#undef X
      SIP_BRANCH_STATE_COUNT
} sip_branch_state;

#define SIP_BRANCH_INPUTS(X)                                            \
  X(BEGIN)                                                              \
  X(PROVISIONAL) /* 101 to 199 */                                       \
  X(ACCEPT)      /* 2xx */                                              \
  X(REFUSE)      /* 300 and up */                                       \
  X(LOSE)        /* no response: Timers B, C, F, transport, resolver */ \
  X(LATE)        /* its own time-out */                                 \
  X(CANCEL)      /* another branch has answered, or the caller gave up */

typedef enum sip_branch_input {
#define X(name) SIP_BRANCH_IN_##name,
  SIP_BRANCH_INPUTS(X)
#undef X
      SIP_BRANCH_INPUT_COUNT
} sip_branch_input;

#define SIP_BRANCH_ACTIONS(X)                                       \
  X(SEND)        /* the request */                                  \
  X(FORWARD)     /* the response, at once (16.7 item 5) */          \
  X(STOP)        /* CANCEL it (9.1) */                              \
  X(STOP_OTHERS) /* CANCEL the others (16.7 item 10) */             \
  X(END_EARLY)   /* its early dialogs are over (RFC 6228 6) */      \
  X(COUNT)       /* the outcome is a candidate (16.7 items 4, 6) */ \
  X(TELL)        /* who watches hears of it */

enum {
#define X(name) SIP_BRANCH_ACTION_INDEX_##name,
  SIP_BRANCH_ACTIONS(X)
#undef X
};
enum {
#define X(name) SIP_BRANCH_DO_##name = 1 << SIP_BRANCH_ACTION_INDEX_##name,
  SIP_BRANCH_ACTIONS(X)
#undef X
};

typedef struct sip_branch_arrow {
  bool exists; /* without, the input means nothing in this state */
  uint8_t next;
  uint8_t actions;
} sip_branch_arrow;

sip_branch_arrow sip_branch_arrow_of(sip_branch_state state, sip_branch_input input);

/* By name, for tests; NULL past the end. */
const char *sip_branch_state_name(int state);
const char *sip_branch_input_name(int input);
const char *sip_branch_action_name(int index);

typedef struct sip_branch {
  sip_link link; /* in its proxy's list, in the order of the set */
  struct sip_proxy *proxy;
  sip_transaction *transaction; /* the client's; NULL before and after */
  sip_timer timeout;
  uint32_t timeout_ms;
  uint32_t group;
  uint16_t number;
  uint16_t spare_of; /* the branch it waits to stand in for; 0: none */
  uint16_t status;   /* of the last response, or what counts for one; 0 none */
  uint16_t breadth;  /* its share of Max-Breadth while it is under way */
  uint8_t state;
  uint8_t transport;  /* asked for, or NONE */
  bool once;          /* forgotten when it is sent (16.11) */
  bool by_flow;       /* `flow` was asked for */
  bool holder_failed; /* who has the flow of the token did not answer: without him now */
  bool flow_failed;   /* that of the token did not lead there: by the URI now */
  sip_flow flow;      /* to send by, or of the token that it was sent by */
  sip_span uri, via, routes, headers, drop; /* of text */
  uint32_t text_len, text_room;
  char text[];
} sip_branch;

struct sip_proxy {
  sip_link branches;
  sip_transaction *server; /* NULL once that has ended */
  sip_kept *request;       /* what is forwarded; NULL once nothing is any more */
  sip_routing routing;     /* of it */
  sip_packet *own_uri;     /* what routing.uri points into, when it was changed; or NULL */
  char loop[13];           /* second part of our branches (RFC 5393 4.2.1) */
  sip_kept *best;          /* the best response so far, when it is a message */
  uint16_t best_status;    /* 0: none */
  uint16_t best_branch;
  sip_packet *challenges;  /* of the other 401 and 407, as whole lines; or NULL */
  uint32_t group;          /* that is being tried */
  uint32_t groups_of_ours; /* last number given to contacts of a 3xx: from 2^30 on */
  uint16_t branch_count;   /* of all there were */
  uint16_t live;           /* branches that have a transaction or are about to */
  uint16_t pending;        /* of those, whose outcome is not counted yet */
  uint16_t breadth_in, breadth_out;
  uint16_t recursions;
  uint8_t stay;
  bool finish, watch; /* of the wish */
  bool started;       /* the end of the branches is to be reported, once */
  bool cancelled;     /* the caller gave up */
  bool closed;        /* a 6xx came: no new branch (16.7 item 5) */
  bool answered;      /* a final response went back */
  bool accepted;      /* a 2xx, that is */
  uint8_t busy;       /* its functions are at work, so deep: it must not be freed yet */
};

/* --- proxy.c: its life */

/* For a server transaction; 0 or SIP_E_MEMORY. */
int sip_proxy_open(sip_engine *engine, sip_transaction *server, sip_kept *request, sip_proxy **out);
/* Holds it while its functions are at work, then frees it if it has come to its end. */
void sip_proxy_enter(sip_proxy *proxy);
void sip_proxy_leave(sip_engine *engine, sip_proxy *proxy);
void sip_proxy_free(sip_engine *engine, sip_proxy *proxy);
void sip_proxy_free_all(sip_engine *engine);

/* The server transaction ended, or was answered by somebody else. */
void sip_proxy_forsaken(sip_engine *engine, sip_proxy *proxy);
void sip_proxy_answered(sip_engine *engine, sip_proxy *proxy);

/* A CANCEL of the caller came (16.10). True when branches will bring the final response. */
bool sip_proxy_cancelled(sip_engine *engine, sip_proxy *proxy, const sip_message *cancel);

/* --- proxy_check.c */

int sip_proxy_check(sip_engine *engine, const sip_message *request, sip_buffer *lines);
/* What a request's loop is told by: R-URI, routes and what else decides (RFC 5393 4.2.1). */
void sip_proxy_loop_text(sip_engine *engine, const sip_message *request, char text[13]);
/* Max-Breadth as it counts here: 60 when absent or more; 0 when it is (RFC 5393 5.3.3). */
uint16_t sip_proxy_breadth(const sip_message *request);

/* --- proxy_set.c: the target set */

int sip_proxy_check_target(const sip_proxy_target *target);
int sip_proxy_add(sip_engine *engine, sip_proxy *proxy, const sip_proxy_target *target,
                  uint32_t *number);
/* The flow of a branch has failed before anybody answered: its spare has its place. */
void sip_proxy_use_spare(sip_proxy *proxy, const sip_branch *failed);
/* Starts what may be under way now: the rest of the group, or the next one. */
void sip_proxy_fork(sip_engine *engine, sip_proxy *proxy);
sip_branch *sip_proxy_branch(const sip_proxy *proxy, uint32_t number);

/* --- proxy_branch.c */

typedef struct sip_branch_cause {
  sip_branch_input input;
  int status;                  /* of the response, or that counts for one */
  const sip_message *response; /* or NULL */
  const sip_flow *flow;        /* it came by */
  sip_str headers;             /* of a CANCEL */
  bool spent;                  /* a 3xx that was followed: no candidate */
} sip_branch_cause;
/* Follows an arrow. Inside sip_proxy_enter and leave. */
void sip_branch_drive(sip_engine *engine, sip_branch *branch, const sip_branch_cause *cause);
void sip_branch_cancel_all(sip_engine *engine, sip_proxy *proxy, const sip_branch *but,
                           sip_str headers);
void sip_branch_expire(sip_engine *engine, sip_branch *branch);
void sip_branch_free(sip_engine *engine, sip_branch *branch);

static inline sip_str sip_branch_text(const sip_branch *branch, sip_span span) {
  return sip_str_make(branch->text + span.at, span.len);
}

/* What the request of a branch is written from; flow and branch are left open. */
typedef struct sip_branch_forward {
  sip_forward forward;
  sip_lines lines, drop;
  char route[SIP_OWN_ROUTE_MAX]; /* to who has the flow of the token */
} sip_branch_forward;
void sip_branch_forward_of(const sip_branch *branch, sip_branch_forward *out);
/* It goes to who has the flow of its token, and not there by itself. */
bool sip_branch_goes_to_holder(const sip_branch *branch);

/* --- proxy_client.c: its client transaction */

/* Opens it, or sends what is sent once. SIP_E_URI, SIP_E_HEADER, SIP_E_NO_ROUTE,
 * SIP_E_LIMIT, SIP_E_MEMORY. */
int sip_branch_open(sip_engine *engine, sip_branch *branch);
/* To the next server of its name (RFC 3263 4.3): false when there is none. */
bool sip_branch_move(sip_engine *engine, sip_transaction *from);

/* Bytes of the request of a branch, more or less. */
static inline size_t sip_branch_size(const sip_branch *branch) {
  return branch ? branch->proxy->request->message->len + branch->text_len : 0;
}

/* What it asks and tells (proxy_branch.c). */
sip_packet *sip_branch_write(sip_engine *engine, const sip_transaction *t, uint32_t *head_at);
void sip_branch_response(sip_engine *engine, sip_transaction *t, const sip_message *response,
                         const sip_flow *flow);
void sip_branch_lost(sip_engine *engine, sip_transaction *t, int error);
void sip_branch_released(sip_engine *engine, sip_transaction *t);

/* --- proxy_best.c */

/* Takes the outcome of a branch as a candidate. */
void sip_proxy_count(sip_engine *engine, sip_proxy *proxy, const sip_branch *branch,
                     const sip_branch_cause *cause);
/* Sends the best of them; the server transaction may be gone then. */
void sip_proxy_send_best(sip_engine *engine, sip_proxy *proxy);
/* 1 when the first status is better than the second for an upstream that did or did not
 * give up, 0 when they are as good, -1 otherwise (16.7 item 6). */
int sip_proxy_compare(int status, int other, bool cancelled);

/* --- proxy_early.c */

/* A 199 for the early dialog of a branch that rang, while the caller goes on to wait. */
void sip_proxy_end_early(sip_engine *engine, sip_proxy *proxy, const sip_branch_cause *cause);

/* --- proxy_recurse.c */

/* Adds the contacts of a 3xx to the set (16.7 item 4): true when it is used up so. */
bool sip_proxy_recurse(sip_engine *engine, sip_proxy *proxy, sip_branch *branch,
                       const sip_message *response);

/* --- proxy_routed.c: requests inside dialogs, without a script */

/* True when it is one that our Record-Route proves (16.4, 16.12), and taken care of. */
bool sip_proxy_route(sip_engine *engine, const sip_message *request, const sip_flow *flow);
/* Likewise one to a GRUU of ours that came by no Route of ours. */
bool sip_proxy_route_gruu(sip_engine *engine, const sip_message *request, const sip_flow *flow);
/* Checks it (16.3) and sends it on to a target, answered by whom it reaches. */
void sip_proxy_pass(sip_engine *engine, const sip_message *request, const sip_flow *flow,
                    const sip_proxy_target *target, sip_stay stay);

/* --- proxy_node.c: what other nodes send to us, and what is theirs */

/* A new request that another node's look-up sent along a flow of ours: true when it is one,
 * and taken care of. */
bool sip_proxy_route_flow(sip_engine *engine, const sip_message *request, const sip_flow *flow);
/* A request inside a dialog of another node that is up: true when it is on its way there. */
bool sip_proxy_hand_over(sip_engine *engine, const sip_message *request, const sip_flow *flow);
/* Likewise a response to a request of another node. */
bool sip_proxy_hand_over_response(sip_engine *engine, const sip_message *response);
/* What was handed over to a node that is gone, and is not answered, goes on without it. */
void sip_proxy_node_is_down(sip_engine *engine, const struct sip_node *node);

/* --- proxy_stateless.c */

enum { SIP_STATELESS_BRANCH_MAX = 7 + SIP_OWNER_MAX + 1 + 13 };
/* Into `out`, which has room for that many bytes; its length. */
size_t sip_proxy_stateless_branch(sip_engine *engine, const sip_message *request, char *out);

/* Sends it to a target and keeps nothing. */
int sip_proxy_send_once(sip_engine *engine, const sip_message *request, const sip_flow *flow,
                        const sip_proxy_target *target, uint8_t stay);

/* A response to its next Via, by that flow where it is known (not NULL), without state. */
void sip_proxy_send_back(sip_engine *engine, const sip_message *response, const sip_flow *flow);

/* A response to such a request: true when it is one. */
bool sip_proxy_pass_response(sip_engine *engine, const sip_message *response);

#endif
