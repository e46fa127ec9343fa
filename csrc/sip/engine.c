/* SPDX-License-Identifier: MIT
 *
 * The engine's life, its settings, its clock and its counters.
 */
#include "sip/engine.h"

#include <string.h>

#include "base/error.h"
#include "sip/dead_target.h"
#include "sip/dialog.h"
#include "sip/engine_guard.h"
#include "sip/keep_alive.h"
#include "sip/node.h"
#include "sip/proxy.h"
#include "sip/reliable.h"
#include "sip/screen.h"
#include "sip/session_timer.h"
#include "sip/state.h"
#include "sip/subscription_usage.h"

enum {
  T1_MS = 500, /* 17.1.1.1 */
  T2_MS = 4000,
  T4_MS = 5000,
  TIMER_C_MS = 181000, /* 16.6 part 11: larger than three minutes */
  DEAD_MS = 30000,
  MTU = 1500,
  MAX_TRANSACTIONS = 200000,
  MAX_DIALOGS = 100000,
  MAX_SUBSCRIPTIONS = 100000,
  MAX_EVENTS = 65536,
  NO_MEMORY_RETRY_MS = 100
};

static uint32_t or_default(uint32_t value, uint32_t fallback) {
  return value ? value : fallback;
}

static void take_config(sip_engine *engine, const sip_engine_config *config) {
  engine->config = *config;
  sip_engine_config *c = &engine->config;
  c->t1_ms = or_default(c->t1_ms, T1_MS);
  c->t2_ms = or_default(c->t2_ms, T2_MS);
  c->t4_ms = or_default(c->t4_ms, T4_MS);
  c->timer_c_ms = or_default(c->timer_c_ms, TIMER_C_MS);
  c->dead_ms = or_default(c->dead_ms, DEAD_MS);
  c->mtu = or_default(c->mtu, MTU);
  c->max_transactions = or_default(c->max_transactions, MAX_TRANSACTIONS);
  c->max_dialogs = or_default(c->max_dialogs, MAX_DIALOGS);
  c->max_subscriptions = or_default(c->max_subscriptions, MAX_SUBSCRIPTIONS);
  c->max_events = or_default(c->max_events, MAX_EVENTS);
  const sip_limits *d = &sip_limits_default;
  sip_limits *l = &c->limits;
  if (!l->message_size) l->message_size = d->message_size;
  if (!l->header_count) l->header_count = d->header_count;
  if (!l->header_size) l->header_size = d->header_size;
  if (!l->uri_params) l->uri_params = d->uri_params;
  if (!l->multipart_depth) l->multipart_depth = d->multipart_depth;
  if (!l->multipart_parts) l->multipart_parts = d->multipart_parts;
  if (c->owner.len > SIP_OWNER_MAX) c->owner.len = SIP_OWNER_MAX;
  if (c->owner.len) memcpy(engine->owner, c->owner.ptr, c->owner.len);
  c->owner.ptr = engine->owner;
}

static bool make_parts(sip_engine *engine) {
  sip_alloc *alloc = &engine->alloc;
  engine->listeners = sip_alloc_zero(alloc, SIP_LISTENERS_MAX * sizeof *engine->listeners);
  engine->locals = sip_alloc_zero(alloc, SIP_LOCAL_ADDRESSES * sizeof *engine->locals);
  engine->parsed = sip_message_new(alloc, &engine->config.limits);
  engine->own = sip_message_new(alloc, &engine->config.limits);
  return engine->listeners && engine->locals && engine->parsed && engine->own &&
         sip_map_init(&engine->by_server_key, alloc) == 0 &&
         sip_map_init(&engine->by_client_key, alloc) == 0 &&
         sip_map_init(&engine->by_merge, alloc) == 0 &&
         sip_map_init(&engine->by_connection, alloc) == 0 &&
         sip_map_init(&engine->by_dialog, alloc) == 0 &&
         sip_map_init(&engine->by_subscribe, alloc) == 0 &&
         sip_map_init(&engine->keepers, alloc) == 0;
}

sip_engine *sip_engine_new(const sip_engine_config *config) {
  sip_alloc alloc;
  sip_alloc_init(&alloc, config->alloc, config->alloc_context);
  sip_engine *engine = sip_alloc_zero(&alloc, sizeof *engine);
  if (!engine) return NULL;
  engine->alloc = alloc;
  engine->now = config->now;
  engine->session.min_s = SIP_SESSION_MIN_S;
  take_config(engine, config);
  if (config->random) {
    sip_random_init(&engine->random, config->random, config->random_context);
  } else {
    sip_random_init_seeded(&engine->random, config->seed);
  }
  engine->key.k0 = sip_random_number(&engine->random);
  engine->key.k1 = sip_random_number(&engine->random);
  sip_engine_make_route_key(engine, config->secret);
  sip_wheel_init(&engine->wheel, config->now);
  sip_timer_init(&engine->report_timer);
  sip_history_init(&engine->history, &engine->alloc);
  sip_alloc *a = &engine->alloc;
  sip_slots_init(&engine->transactions, a);
  sip_slots_init(&engine->dialogs, a);
  sip_slots_init(&engine->subscriptions, a);
  sip_slots_init(&engine->keeper_ids, a);
  sip_ring_init(&engine->packets, a, sizeof(sip_outgoing));
  sip_ring_init(&engine->events, a, sizeof(sip_queued_event));
  sip_ring_init(&engine->queries, a, sizeof(sip_id));
  sip_buffer *buffers[] = {&engine->allow,      &engine->accept,     &engine->supported,
                           &engine->required,   &engine->user_agent, &engine->scratch,
                           &engine->lines,      &engine->route_uri,  &engine->usage_lines,
                           &engine->usage_body, &engine->proof};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) sip_buffer_init(buffers[i], a, 0);
  if (!make_parts(engine)) {
    sip_engine_free(engine);
    return NULL;
  }
  return engine;
}

static void drain(sip_engine *engine) {
  sip_outgoing packet;
  while (sip_engine_next_packet(engine, &packet)) sip_packet_release(packet.packet);
  sip_event event;
  while (sip_engine_next_event(engine, &event)) {
  }
}

void sip_engine_free(sip_engine *engine) {
  if (!engine) return;
  sip_proxy_free_all(engine);
  size_t cursor = 0;
  sip_transaction *t;
  while ((t = sip_slots_next(&engine->transactions, &cursor))) sip_transaction_free(engine, t);
  cursor = 0;
  sip_dialog *dialog;
  while ((dialog = sip_slots_next(&engine->dialogs, &cursor))) sip_dialog_free(engine, dialog);
  cursor = 0;
  sip_subscription *s;
  while ((s = sip_slots_next(&engine->subscriptions, &cursor))) sip_subscription_free(engine, s);
  sip_keep_alive_free_all(engine);
  drain(engine);
  sip_map *maps[] = {&engine->by_server_key, &engine->by_client_key, &engine->by_merge,
                     &engine->by_connection, &engine->by_dialog,     &engine->by_subscribe,
                     &engine->keepers};
  for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
    if (maps[i]->alloc) sip_map_deinit(maps[i]);
  }
  sip_engine_forget_domains(engine);
  sip_engine_forget_nodes(engine);
  sip_slots_deinit(&engine->transactions);
  sip_slots_deinit(&engine->dialogs);
  sip_slots_deinit(&engine->subscriptions);
  sip_slots_deinit(&engine->keeper_ids);
  sip_ring_deinit(&engine->packets);
  sip_ring_deinit(&engine->events);
  sip_ring_deinit(&engine->queries);
  sip_buffer *buffers[] = {&engine->allow,      &engine->accept,     &engine->supported,
                           &engine->required,   &engine->user_agent, &engine->scratch,
                           &engine->lines,      &engine->route_uri,  &engine->usage_lines,
                           &engine->usage_body, &engine->proof};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) sip_buffer_deinit(buffers[i]);
  sip_message_free(&engine->alloc, engine->parsed);
  sip_message_free(&engine->alloc, engine->own);
  sip_history_deinit(&engine->history);
  sip_engine_set_guard(engine, NULL);
  sip_dead_target_free_all(engine);
  sip_alloc alloc = engine->alloc;
  sip_alloc_free(&alloc, engine->listeners, SIP_LISTENERS_MAX * sizeof *engine->listeners);
  sip_alloc_free(&alloc, engine->locals, SIP_LOCAL_ADDRESSES * sizeof *engine->locals);
  sip_alloc_free(&alloc, engine, sizeof *engine);
}

static int set_text(sip_buffer *buffer, sip_str text) {
  if (!text.ptr) return 0;
  if (sip_str_has_line_break(text)) return SIP_E_INJECTION;
  sip_buffer_clear(buffer);
  sip_buffer_add(buffer, text);
  return buffer->failed ? SIP_E_MEMORY : 0;
}

int sip_engine_set_identity(sip_engine *engine, const sip_engine_identity *identity) {
  int error = set_text(&engine->allow, identity->allow);
  if (!error) error = set_text(&engine->accept, identity->accept);
  if (!error) error = set_text(&engine->supported, identity->supported);
  if (!error) error = set_text(&engine->required, identity->required);
  if (!error) error = set_text(&engine->user_agent, identity->user_agent);
  return error;
}

void sip_engine_set_session_timer(sip_engine *engine, const sip_session_wish *wish) {
  engine->session = *wish;
  if (engine->session.min_s < SIP_SESSION_MIN_S) engine->session.min_s = SIP_SESSION_MIN_S;
}

void sip_engine_handle_method(sip_engine *engine, sip_method method, bool handled) {
  uint32_t bit = (uint32_t)1 << method;
  engine->handled = handled ? engine->handled | bit : engine->handled & ~bit;
}

void sip_engine_handle_all(sip_engine *engine, bool handled) {
  engine->handle_all = handled;
}

void sip_engine_handle_strays(sip_engine *engine, bool handled) {
  engine->handle_strays = handled;
}

void sip_engine_set_draining(sip_engine *engine, uint32_t retry_after_s) {
  engine->draining_s = retry_after_s;
}

int sip_engine_set_history(sip_engine *engine, size_t bytes) {
  return sip_history_resize(&engine->history, bytes);
}

bool sip_engine_next_record(const sip_engine *engine, sip_history_cursor *cursor, sip_record *out) {
  return sip_history_next(&engine->history, cursor, out);
}

void sip_engine_add_token(sip_engine *engine, sip_buffer *out) {
  sip_buffer_add(out, engine->config.owner);
  char *at = sip_buffer_reserve(out, SIP_TOKEN_LEN);
  if (!at) return;
  sip_random_token(&engine->random, at, SIP_TOKEN_LEN);
  out->len += SIP_TOKEN_LEN;
}

size_t sip_engine_token(sip_engine *engine, char *out) {
  size_t owner = engine->config.owner.len;
  if (owner) memcpy(out, engine->config.owner.ptr, owner);
  sip_random_token(&engine->random, out + owner, SIP_TOKEN_LEN);
  return owner + SIP_TOKEN_LEN;
}

static void fire(sip_engine *engine, sip_timer *timer) {
  sip_transaction_cause cause = {.input = (sip_input)timer->kind};
  switch (timer->tag) {
  case SIP_TIMER_OF_TRANSACTION_1:
    sip_transaction_drive(engine, SIP_CONTAINER(timer, sip_transaction, retransmit), &cause);
    break;
  case SIP_TIMER_OF_TRANSACTION_2:
    sip_transaction_drive(engine, SIP_CONTAINER(timer, sip_transaction, timeout), &cause);
    break;
  case SIP_TIMER_OF_DIALOG_1:
    sip_dialog_timer(engine, SIP_CONTAINER(timer, sip_dialog, retransmit), timer);
    break;
  case SIP_TIMER_OF_SESSION:
    sip_session_timer_due(engine, SIP_CONTAINER(timer, sip_dialog, session.timer));
    break;
  case SIP_TIMER_OF_RELIABLE_1:
    sip_reliable_timer(engine, SIP_CONTAINER(timer, sip_reliable, retransmit), timer);
    break;
  case SIP_TIMER_OF_RELIABLE_2:
    sip_reliable_timer(engine, SIP_CONTAINER(timer, sip_reliable, timeout), timer);
    break;
  case SIP_TIMER_OF_BRANCH:
    sip_branch_expire(engine, SIP_CONTAINER(timer, sip_branch, timeout));
    break;
  case SIP_TIMER_OF_SUBSCRIPTION_1:
    sip_subscription_expire(engine, SIP_CONTAINER(timer, sip_subscription, expiry));
    break;
  case SIP_TIMER_OF_SUBSCRIPTION_2:
    sip_subscription_paced(engine, SIP_CONTAINER(timer, sip_subscription, pace));
    break;
  case SIP_TIMER_OF_GUARD:
    sip_screen_report(engine);
    break;
  case SIP_TIMER_OF_KEEPER:
    sip_keep_alive_expire(engine, timer);
    break;
  default:
    sip_dialog_timer(engine, SIP_CONTAINER(timer, sip_dialog, timeout), timer);
    break;
  }
}

void sip_engine_advance(sip_engine *engine, sip_time now) {
  sip_timer *timer;
  while ((timer = sip_wheel_expire(&engine->wheel, now))) {
    engine->now = timer->at; /* what it starts counts from when it was due */
    if (sip_engine_reserve(engine)) {
      fire(engine, timer);
    } else {
      sip_timer_start(&engine->wheel, timer, now + NO_MEMORY_RETRY_MS);
    }
  }
  engine->now = now;
}

sip_time sip_engine_deadline(const sip_engine *engine) {
  return sip_wheel_deadline(&engine->wheel);
}

bool sip_engine_is_asking(const sip_engine *engine) {
  size_t cursor = 0;
  const sip_transaction *t;
  while ((t = sip_slots_next(&engine->transactions, &cursor))) {
    bool is_client = t->machine == SIP_CLIENT_INVITE || t->machine == SIP_CLIENT_OTHER;
    if (is_client && t->state <= SIP_STATE_PROCEEDING) return true;
  }
  return false;
}

void sip_engine_get_counts(const sip_engine *engine, sip_engine_counts *out) {
  *out = (sip_engine_counts){
      .server_transactions = engine->server_count,
      .client_transactions = engine->client_count,
      .dialogs = engine->dialogs.count,
      .subscriptions = engine->subscriptions.count,
      .events = engine->events.count,
      .packets = engine->packets.count,
      .queries = engine->queries.count,
      .timers = engine->wheel.count,
      .session_timers = engine->session_timers,
      .live_bytes = engine->alloc.live_bytes,
      .live_blocks = engine->alloc.live_blocks,
      .received = engine->received,
      .sent = engine->sent,
      .malformed = engine->malformed,
      .dropped = engine->dropped,
      .absorbed = engine->absorbed,
  };
  if (engine->guard) memcpy(out->refused, engine->guard->refused, sizeof out->refused);
}
