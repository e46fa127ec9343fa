/* SPDX-License-Identifier: MIT
 *
 * One timer for each keeper: to the next ping, or to the end of the patience with the last
 * one. STUN is retransmitted as RFC 8489 6.2.1 has it.
 */
#include "sip/keep_alive.h"

#include <string.h>

#include "base/error.h"
#include "sip/state.h"
#include "sip/stun.h"

enum {
  PONG_MS = 10000, /* RFC 5626 4.4.1 */
  RTO_MS = 500,    /* RFC 8489 6.2.1 */
  REQUESTS_MAX = 7,
  LAST_WAIT = 16
};

#define PING SIP_STR("\r\n\r\n")

typedef struct keeper {
  sip_map_node node; /* in engine->keepers: its hash is of what leads to it */
  sip_id id;
  sip_timer timer;
  sip_flow flow;
  uint32_t users;
  uint32_t interval_ms;
  bool is_answered;
  bool is_waiting;  /* for the answer to the last one */
  uint8_t requests; /* of STUN, of one question */
  bool has_mapped;  /* an answer has said where we come from */
  sip_sockaddr mapped;
  unsigned char question[SIP_STUN_ID_LEN];
} keeper;

static bool is_stream(const keeper *k) {
  return sip_transport_is_reliable(k->flow.transport);
}

static uint64_t hash_of(const sip_engine *engine, const sip_flow *flow) {
  if (sip_transport_is_reliable(flow->transport)) return flow->connection;
  return sip_sockaddr_hash(engine->key, &flow->remote);
}

static bool is_same(const sip_flow *a, const sip_flow *b) {
  if (a->transport != b->transport || a->listener != b->listener) return false;
  if (sip_transport_is_reliable(a->transport)) return a->connection == b->connection;
  return sip_sockaddr_equal(&a->remote, &b->remote);
}

static keeper *find(const sip_engine *engine, const sip_flow *flow) {
  sip_map_node *node = sip_map_find(&engine->keepers, hash_of(engine, flow));
  for (; node; node = sip_map_find_next(node)) {
    keeper *k = SIP_CONTAINER(node, keeper, node);
    if (is_same(&k->flow, flow)) return k;
  }
  return NULL;
}

static void free_keeper(sip_engine *engine, keeper *k) {
  sip_timer_stop(&engine->wheel, &k->timer);
  sip_map_remove(&engine->keepers, &k->node);
  sip_slots_remove(&engine->keeper_ids, k->id);
  sip_alloc_free(&engine->alloc, k, sizeof *k);
}

/* The caller has reserved room. */
static void fail(sip_engine *engine, keeper *k, int error) {
  sip_event event = {
      .kind = SIP_EVENT_FLOW_FAILED, .transaction = k->id, .code = error, .flow = k->flow};
  free_keeper(engine, k);
  sip_engine_push_event(engine, &event, NULL);
}

/* 4.4.1, 4.4.2: at random between 80 and 100 % of the interval. */
static void await_next(sip_engine *engine, keeper *k) {
  k->is_waiting = false;
  if (!k->interval_ms) {
    sip_timer_stop(&engine->wheel, &k->timer);
    return;
  }
  uint64_t part = k->interval_ms / 5;
  uint64_t less = part ? sip_random_number(&engine->random) % part : 0;
  sip_timer_start(&engine->wheel, &k->timer, engine->now + k->interval_ms - (sip_time)less);
}

static void send(sip_engine *engine, const keeper *k, sip_str bytes) {
  sip_packet *packet = sip_packet_copy(&engine->alloc, bytes);
  if (!packet) return; /* as if the network had lost it */
  sip_engine_push_packet(engine, &(sip_outgoing){.packet = packet, .flow = k->flow});
}

static void ping(sip_engine *engine, keeper *k) {
  send(engine, k, PING);
  if (!k->is_answered) {
    await_next(engine, k);
    return;
  }
  k->is_waiting = true;
  sip_timer_start(&engine->wheel, &k->timer, engine->now + PONG_MS);
}

static void ask(sip_engine *engine, keeper *k) {
  if (!k->is_waiting) {
    sip_random_bytes(&engine->random, k->question, sizeof k->question);
    k->is_waiting = true;
    k->requests = 0;
  }
  unsigned char request[SIP_STUN_REQUEST_LEN];
  sip_stun_ask(k->question, request);
  send(engine, k, sip_str_make((const char *)request, sizeof request));
  k->requests++;
  uint32_t rto = RTO_MS;
  uint32_t wait = k->requests < REQUESTS_MAX ? rto << (k->requests - 1) : rto * LAST_WAIT;
  sip_timer_start(&engine->wheel, &k->timer, engine->now + wait);
}

void sip_keep_alive_expire(sip_engine *engine, sip_timer *timer) {
  keeper *k = SIP_CONTAINER(timer, keeper, timer);
  bool by_stun = !is_stream(k) && k->is_answered;
  bool is_silent = k->is_waiting && (!by_stun || k->requests == REQUESTS_MAX);
  if (is_silent) {
    fail(engine, k, SIP_E_TIMEOUT);
  } else if (by_stun) {
    ask(engine, k);
  } else {
    ping(engine, k);
  }
}

/* --- In ------------------------------------------------------------------------------- */

void sip_engine_ponged(sip_engine *engine, sip_time now, sip_id connection) {
  engine->now = now;
  sip_map_node *node = sip_map_find(&engine->keepers, connection);
  for (; node; node = sip_map_find_next(node)) {
    keeper *k = SIP_CONTAINER(node, keeper, node);
    if (is_stream(k) && k->flow.connection == connection && k->is_waiting) await_next(engine, k);
  }
}

bool sip_keep_alive_stun(sip_engine *engine, const sip_flow *flow, sip_str bytes) {
  sip_stun_reply reply;
  keeper *k = find(engine, flow);
  if (!k || !k->is_waiting || !sip_stun_read(bytes, k->question, &reply)) return false;
  bool has_changed = k->has_mapped && !sip_sockaddr_equal(&k->mapped, &reply.mapped);
  if (reply.is_error || has_changed) {
    fail(engine, k, SIP_E_TRANSPORT);
    return true;
  }
  k->has_mapped = true;
  k->mapped = reply.mapped;
  await_next(engine, k);
  return true;
}

void sip_keep_alive_lost(sip_engine *engine, sip_id connection, int error) {
  sip_map_node *node = sip_map_find(&engine->keepers, connection);
  while (node) {
    keeper *k = SIP_CONTAINER(node, keeper, node);
    node = sip_map_find_next(node);
    if (!is_stream(k) || k->flow.connection != connection) continue;
    if (sip_engine_reserve(engine))
      fail(engine, k, error == SIP_E_TIMEOUT ? error : SIP_E_TRANSPORT);
  }
}

/* --- From the user -------------------------------------------------------------------- */

static keeper *keeper_new(sip_engine *engine, const sip_flow *flow) {
  keeper *k = sip_alloc_zero(&engine->alloc, sizeof *k);
  if (!k) return NULL;
  k->id = sip_slots_add(&engine->keeper_ids, k);
  if (!k->id) {
    sip_alloc_free(&engine->alloc, k, sizeof *k);
    return NULL;
  }
  k->flow = *flow;
  sip_timer_init(&k->timer);
  k->timer.tag = SIP_TIMER_OF_KEEPER;
  sip_map_add(&engine->keepers, &k->node, hash_of(engine, flow));
  return k;
}

int sip_engine_keep_alive(sip_engine *engine, sip_time now, const sip_keep_wish *wish, sip_id *id) {
  engine->now = now;
  const sip_flow *flow = wish->flow;
  bool by_stream = sip_transport_is_reliable(flow->transport);
  if (flow->transport == SIP_TRANSPORT_NONE || (by_stream && !flow->connection)) {
    return SIP_E_INVALID;
  }
  keeper *k = find(engine, flow);
  if (!k && engine->keeper_ids.count >= SIP_KEEPERS_MAX) return SIP_E_LIMIT;
  if (!k) k = keeper_new(engine, flow);
  if (!k) return SIP_E_MEMORY;
  k->users++;
  k->is_answered = k->is_answered || wish->is_answered;
  bool is_sooner = wish->interval_ms && (!k->interval_ms || wish->interval_ms < k->interval_ms);
  if (is_sooner) {
    k->interval_ms = wish->interval_ms;
    if (!k->is_waiting) await_next(engine, k);
  }
  *id = k->id;
  return 0;
}

void sip_engine_leave_alone(sip_engine *engine, sip_id id) {
  keeper *k = sip_slots_find(&engine->keeper_ids, id);
  if (k && --k->users == 0) free_keeper(engine, k);
}

void sip_keep_alive_free_all(sip_engine *engine) {
  size_t cursor = 0;
  keeper *k;
  while ((k = sip_slots_next(&engine->keeper_ids, &cursor))) free_keeper(engine, k);
}
