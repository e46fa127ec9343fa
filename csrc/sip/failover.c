/* SPDX-License-Identifier: MIT
 *
 * When the transport fails a request of ours (RFC 3261 8.1.3.1, 18.4), whether it was
 * not sent or its connection broke while it waited. One that nobody has answered yet
 * takes another way, and its user hears of it when none is left:
 *
 *  - by a new connection, once, when the one that broke was older than the request:
 *    perhaps its other end was gone before. The packet is the same, so that a peer
 *    which has it already takes it for a retransmission (17.2.3).
 *  - by UDP, when its size alone had made it TCP (18.1.1); a MESSAGE only when it is small
 *    enough after all (RFC 3428 8).
 *  - to the next target, with a branch of its own (RFC 3263 4.3). So does one that nobody
 *    answered in time, or that was answered with 503.
 *
 * A provisional response shows that the peer knows the request. An INVITE waits on
 * then: for its answer the peer opens a connection to us (18.2.2).
 */
#include "sip/failover.h"

#include <string.h>

#include "base/error.h"
#include "sip/client.h"
#include "sip/dead_target.h"
#include "sip/keep_alive.h"
#include "sip/retry_after.h"

enum { RETRY_AFTER_MAX_S = 600 }; /* of a 503: longer nobody is believed to be dead */

/* What was tried of one target. */
enum { TRIED = SIP_TRANSACTION_USED | SIP_TRANSACTION_SENT_AGAIN | SIP_TRANSACTION_UDP_AFTER };

/* Those that wait by one connection, in the order in which they were sent. */
typedef struct sip_waiters {
  sip_map_node by_connection; /* its hash is the connection's id */
  sip_link transactions;
} sip_waiters;

/* --- Who waits on which connection ------------------------------------------------ */

static sip_waiters *find_waiters(const sip_engine *engine, sip_id connection) {
  sip_map_node *node = sip_map_find(&engine->by_connection, connection);
  return node ? SIP_CONTAINER(node, sip_waiters, by_connection) : NULL;
}

/* NULL without memory: the requests learn of a loss by Timer B or F. */
static sip_waiters *get_waiters(sip_engine *engine, sip_id connection) {
  sip_waiters *waiters = find_waiters(engine, connection);
  if (waiters) return waiters;
  waiters = sip_alloc_new(&engine->alloc, sizeof *waiters);
  if (!waiters) return NULL;
  sip_link_init(&waiters->transactions);
  sip_map_add(&engine->by_connection, &waiters->by_connection, connection);
  return waiters;
}

void sip_failover_forget(sip_engine *engine, sip_transaction *t) {
  sip_waiters *waiters = t->client.waiters;
  if (!waiters) return;
  t->client.waiters = NULL;
  sip_link_remove(&t->client.waiting);
  if (!sip_link_alone(&waiters->transactions)) return;
  sip_map_remove(&engine->by_connection, &waiters->by_connection);
  sip_alloc_free(&engine->alloc, waiters, sizeof *waiters);
}

static bool is_waiting(const sip_transaction *t) {
  return sip_transaction_is_client(t) && t->state <= SIP_STATE_PROCEEDING;
}

void sip_engine_sent_by(sip_engine *engine, sip_id owner, sip_id connection, bool is_used) {
  sip_transaction *t = sip_slots_find(&engine->transactions, owner);
  if (!t || !is_waiting(t)) return;
  sip_failover_forget(engine, t);
  sip_waiters *waiters = get_waiters(engine, connection);
  if (!waiters) return;
  t->client.waiters = waiters;
  sip_link_append(&waiters->transactions, &t->client.waiting);
  if (is_used) t->flags |= SIP_TRANSACTION_USED;
}

/* Its size alone had made it TCP (18.1.1). */
static bool is_for_size(const sip_transaction *t) {
  return (t->flags & SIP_TRANSACTION_UDP_AFTER) != 0;
}

/* --- Another way ------------------------------------------------------------------ */

static bool try_new_connection(sip_engine *engine, sip_transaction *t, int error) {
  uint16_t tried = SIP_TRANSACTION_USED | SIP_TRANSACTION_SENT_AGAIN;
  bool is_cut = error == SIP_E_LIMIT || error == SIP_E_TIMEOUT; /* by ourselves */
  if ((t->flags & tried) != SIP_TRANSACTION_USED || is_cut) return false;
  if (t->flow.connection && !t->fallback.family) return false;
  if (t->flow.connection) {
    t->flow.connection = 0;
    t->flow.remote = t->fallback;
    t->fallback = (sip_sockaddr){0};
  }
  t->flags |= SIP_TRANSACTION_SENT_AGAIN;
  sip_transaction_send(engine, t);
  return true;
}

static bool try_udp(sip_engine *engine, sip_transaction *t) {
  if (!is_for_size(t)) return false;
  t->flags &= ~(uint32_t)SIP_TRANSACTION_UDP_AFTER;
  t->flags |= SIP_TRANSACTION_STAY_UDP;
  sip_event event = {.kind = SIP_EVENT_FELL_BACK, .transaction = t->id, .flow = t->flow};
  sip_target target = {.transport = SIP_TRANSPORT_UDP, .address = t->flow.remote};
  if (sip_client_send_to(engine, t, &target) != 0) return false;
  sip_engine_push_event(engine, &event, NULL);
  return true;
}

/* --- The next target -------------------------------------------------------------- */

static bool has_next_target(const sip_transaction *t) {
  bool cancelled = t->flags & SIP_TRANSACTION_CANCELLED || t->client.cancel_headers;
  return !cancelled && t->client.target_next < t->client.target_count;
}

/* Of those alone that a name led to: nobody looks for another way to the others. */
static void note_dead(sip_engine *engine, const sip_transaction *t, uint32_t for_ms) {
  if (t->client.target_count) sip_dead_target_add(engine, &t->flow, for_ms);
}

static bool try_next_target(sip_engine *engine, sip_transaction *t) {
  note_dead(engine, t, engine->config.dead_ms);
  if (!has_next_target(t)) return false;
  t->flags &= ~(uint32_t)TRIED;
  sip_client_renew_branch(engine, t);
  sip_transaction_start_limit(engine, t);
  return sip_client_send_to_next(engine, t, SIP_E_TRANSPORT) == 0;
}

/* How long a 503 asks not to be bothered; one that does not say is an answer like 500
 * (RFC 3261 21.5.4). */
static uint32_t rest_of(const sip_message *response) {
  const sip_header *header = sip_message_find(response, SIP_HEADER_RETRY_AFTER, 0);
  sip_retry_after after;
  if (!header || sip_retry_after_parse(sip_message_value(response, header), &after) != 0) return 0;
  return (after.seconds < RETRY_AFTER_MAX_S ? after.seconds : RETRY_AFTER_MAX_S) * 1000;
}

void sip_failover_hear(sip_engine *engine, const sip_transaction *t, const sip_message *response) {
  if (response->status != 503) {
    sip_dead_target_remove(engine, &t->flow);
    return;
  }
  uint32_t rest_ms = rest_of(response);
  if (rest_ms) note_dead(engine, t, rest_ms);
}

/* The transaction starts anew, as it was before it was sent. */
static bool begin_anew(sip_engine *engine, sip_transaction *t) {
  sip_timer_stop(&engine->wheel, &t->retransmit);
  sip_failover_forget(engine, t);
  t->state = t->machine == SIP_CLIENT_INVITE ? SIP_STATE_CALLING : SIP_STATE_TRYING;
  t->status = 0;
  t->interval_ms = 0;
  t->flow.connection = 0;
  t->flags &= ~(uint32_t)TRIED;
  sip_client_renew_branch(engine, t);
  sip_transaction_start_limit(engine, t);
  if (sip_client_send_to_next(engine, t, SIP_E_TRANSPORT) == 0) return true;
  t->state = SIP_STATE_TERMINATED;
  return false;
}

bool sip_failover_after_silence(sip_engine *engine, sip_transaction *t) {
  if (t->status != 0) return false;
  note_dead(engine, t, engine->config.dead_ms);
  bool moves = !(t->flags & SIP_TRANSACTION_PROXIED) && has_next_target(t);
  return moves && begin_anew(engine, t);
}

/* Something has to acknowledge the copies of a failure that still come (17.1.1.2). */
static void leave_behind(sip_engine *engine, const sip_transaction *t) {
  if (t->machine != SIP_CLIENT_INVITE || t->flags & SIP_TRANSACTION_RELIABLE) return;
  sip_transaction *left = sip_transaction_new(engine, SIP_CLIENT_INVITE, t->key_len);
  if (!left) return;
  memcpy(left->key, t->key, t->key_len);
  left->state = SIP_STATE_COMPLETED;
  left->method = t->method;
  left->status = t->status;
  left->flags = SIP_TRANSACTION_ORPHAN;
  left->flow = t->flow;
  left->packet = sip_packet_keep(t->packet);
  left->client.head_at = t->client.head_at;
  left->client.head_len = t->client.head_len;
  sip_client_register(engine, left);
  left->timeout.kind = SIP_INPUT_TIMER_D;
  sip_timer_start(&engine->wheel, &left->timeout, t->timeout.at);
}

bool sip_failover_after_503(sip_engine *engine, sip_transaction *t) {
  if (t->flags & SIP_TRANSACTION_PROXIED || !has_next_target(t)) return false;
  leave_behind(engine, t);
  return begin_anew(engine, t);
}

/* --- What the transport reports ----------------------------------------------------- */

/* False when nothing is left to try. */
static bool try_again(sip_engine *engine, sip_transaction *t, int error) {
  if (!is_waiting(t) || t->status != 0) return false;
  if (try_new_connection(engine, t, error)) return true;
  if (t->method == SIP_METHOD_CANCEL) return false; /* it goes where its INVITE went (9.1) */
  sip_timer_stop(&engine->wheel, &t->retransmit);
  t->interval_ms = 0;
  t->flow.connection = 0;
  return try_udp(engine, t) || try_next_target(engine, t);
}

/* The caller has reserved room. */
static void lose(sip_engine *engine, sip_transaction *t, int error) {
  if (sip_transaction_is_client(t)) {
    sip_failover_forget(engine, t);
    bool is_too_large = is_waiting(t) && is_for_size(t) && sip_client_is_pager(t);
    if (try_again(engine, t, error)) return;
    if (is_too_large) error = SIP_E_NEEDS_TCP;
  }
  sip_transaction_fail(engine, t, error);
}

void sip_engine_send_failed(sip_engine *engine, sip_time now, sip_id owner, int error) {
  engine->now = now;
  sip_transaction *t = sip_slots_find(&engine->transactions, owner);
  if (t && sip_engine_reserve(engine)) lose(engine, t, error);
}

void sip_engine_connection_lost(sip_engine *engine, sip_time now, sip_id connection, int error) {
  engine->now = now;
  sip_keep_alive_lost(engine, connection, error);
  sip_waiters *waiters;
  while ((waiters = find_waiters(engine, connection)) != NULL) {
    sip_link *first = waiters->transactions.next;
    sip_transaction *t = SIP_CONTAINER(first, sip_transaction, client.waiting);
    if (is_waiting(t) && sip_engine_reserve(engine)) {
      lose(engine, t, error);
    } else {
      sip_failover_forget(engine, t);
    }
  }
}
