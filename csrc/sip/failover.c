/* SPDX-License-Identifier: MIT
 *
 * When the transport fails a request of ours (RFC 3261 8.1.3.1, 18.4), whether it was
 * not sent or its connection broke while it waited. One that nobody has answered yet
 * takes another way, and its user hears of it when none is left:
 *
 *  - by a new connection, once, when the one that broke was older than the request:
 *    perhaps its other end was gone before. The packet is the same, so that a peer
 *    which has it already takes it for a retransmission (17.2.3).
 *  - by UDP, when its size alone had made it TCP (18.1.1).
 *  - to the next target, with a branch of its own (RFC 3263 4.3).
 *
 * A provisional response shows that the peer knows the request. An INVITE waits on
 * then: for its answer the peer opens a connection to us (18.2.2).
 */
#include "sip/failover.h"

#include "base/error.h"
#include "sip/client.h"

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
  if (!(t->flags & SIP_TRANSACTION_UDP_AFTER)) return false;
  t->flags &= (uint16_t)~SIP_TRANSACTION_UDP_AFTER;
  t->flags |= SIP_TRANSACTION_STAY_UDP;
  sip_event event = {.kind = SIP_EVENT_FELL_BACK, .transaction = t->id, .flow = t->flow};
  sip_engine_push_event(engine, &event, NULL);
  sip_target target = {.transport = SIP_TRANSPORT_UDP, .address = t->flow.remote};
  return sip_client_send_to(engine, t, &target) == 0;
}

static bool try_next_target(sip_engine *engine, sip_transaction *t) {
  if (t->client.target_next >= t->client.target_count) return false;
  t->flags &= (uint16_t) ~(SIP_TRANSACTION_USED | SIP_TRANSACTION_SENT_AGAIN);
  sip_client_renew_branch(engine, t);
  return sip_client_send_to_next(engine, t, SIP_E_TRANSPORT) == 0;
}

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
    if (try_again(engine, t, error)) return;
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
