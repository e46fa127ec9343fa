/* SPDX-License-Identifier: MIT
 *
 * Carries out what the tables say: sending, timers (RFC 3261 table 4), and
 * handing up.
 */
#include "sip/transaction.h"

#include <string.h>

#include "base/error.h"
#include "sip/client.h"
#include "sip/dialog.h"
#include "sip/proxy.h"
#include "sip/server.h"

enum { TIMER_D_MIN_MS = 32000 }; /* RFC 6026 8.4 */

sip_transaction *sip_transaction_new(sip_engine *engine, sip_machine machine, size_t key_len) {
  if (engine->transactions.count >= engine->config.max_transactions) return NULL;
  sip_transaction *t = sip_alloc_new(&engine->alloc, sizeof *t + key_len);
  if (!t) return NULL;
  memset(t, 0, sizeof *t);
  t->id = sip_slots_add(&engine->transactions, t);
  if (t->id == 0) {
    sip_alloc_free(&engine->alloc, t, sizeof *t + key_len);
    return NULL;
  }
  t->machine = (uint8_t)machine;
  t->key_len = (uint16_t)key_len;
  sip_timer_init(&t->retransmit);
  sip_timer_init(&t->timeout);
  t->retransmit.tag = SIP_TIMER_OF_TRANSACTION_1;
  t->timeout.tag = SIP_TIMER_OF_TRANSACTION_2;
  if (sip_transaction_is_client(t)) {
    sip_link_init(&t->client.dialogs);
    engine->client_count++;
  } else {
    engine->server_count++;
  }
  return t;
}

void sip_transaction_free(sip_engine *engine, sip_transaction *t) {
  sip_timer_stop(&engine->wheel, &t->retransmit);
  sip_timer_stop(&engine->wheel, &t->timeout);
  if (sip_transaction_is_client(t)) {
    sip_client_deinit(engine, t);
    engine->client_count--;
  } else {
    sip_server_deinit(engine, t);
    engine->server_count--;
  }
  sip_packet_release(t->packet);
  sip_slots_remove(&engine->transactions, t->id);
  sip_alloc_free(&engine->alloc, t, sizeof *t + t->key_len);
}

void sip_transaction_send(sip_engine *engine, sip_transaction *t) {
  if (!t->packet) return;
  sip_outgoing out = {.packet = sip_packet_keep(t->packet),
                      .flow = t->flow,
                      .fallback = t->fallback,
                      .owner = t->id};
  sip_engine_push_packet(engine, &out);
}

static void start(sip_engine *engine, sip_timer *timer, sip_input input, uint32_t ms) {
  timer->kind = (uint16_t)input;
  sip_timer_start(&engine->wheel, timer, engine->now + ms);
}

static bool is_reliable(const sip_transaction *t) {
  return (t->flags & SIP_TRANSACTION_RELIABLE) != 0;
}

/* A doubles for ever (17.1.1.2); E and G up to T2, E at T2 once a provisional
 * came (17.1.2.2, 17.2.1). A reliable transport needs none of them. */
void sip_transaction_start_retransmit(sip_engine *engine, sip_transaction *t) {
  if (is_reliable(t)) return;
  uint32_t t2 = engine->config.t2_ms;
  uint32_t interval = t->interval_ms ? t->interval_ms : engine->config.t1_ms;
  sip_input input = SIP_INPUT_TIMER_A;
  if (t->machine == SIP_CLIENT_OTHER) input = SIP_INPUT_TIMER_E;
  if (t->machine == SIP_SERVER_INVITE) input = SIP_INPUT_TIMER_G;
  if (input == SIP_INPUT_TIMER_E && t->state == SIP_STATE_PROCEEDING) interval = t2;
  if (input != SIP_INPUT_TIMER_A && interval > t2) interval = t2;
  start(engine, &t->retransmit, input, interval);
  t->interval_ms = interval > INT32_MAX / 2 ? INT32_MAX : interval * 2;
}

void sip_transaction_start_limit(sip_engine *engine, sip_transaction *t) {
  static const sip_input inputs[SIP_MACHINE_COUNT] = {
      [SIP_CLIENT_INVITE] = SIP_INPUT_TIMER_B,
      [SIP_CLIENT_OTHER] = SIP_INPUT_TIMER_F,
      [SIP_SERVER_INVITE] = SIP_INPUT_TIMER_H,
      [SIP_SERVER_OTHER] = SIP_INPUT_TIMER_F,
  };
  uint32_t ms = t->timeout_ms ? t->timeout_ms : sip_engine_timer_64t1(engine);
  uint32_t silent_ms = engine->config.failover_ms;
  if (sip_transaction_is_client(t) && t->status == 0 && silent_ms && silent_ms < ms &&
      t->client.target_next + 1 < t->client.target_count) {
    ms = silent_ms;
  }
  start(engine, &t->timeout, inputs[t->machine], ms);
}

static void start_linger(sip_engine *engine, sip_transaction *t) {
  uint32_t t1x64 = sip_engine_timer_64t1(engine), t4 = engine->config.t4_ms;
  bool reliable = is_reliable(t);
  if (t->state == SIP_STATE_ACCEPTED) {
    bool client = sip_transaction_is_client(t);
    start(engine, &t->timeout, client ? SIP_INPUT_TIMER_M : SIP_INPUT_TIMER_L, t1x64);
  } else if (t->machine == SIP_CLIENT_INVITE) {
    uint32_t ms = t1x64 > TIMER_D_MIN_MS ? t1x64 : TIMER_D_MIN_MS;
    start(engine, &t->timeout, SIP_INPUT_TIMER_D, reliable ? 0 : ms);
  } else if (t->machine == SIP_CLIENT_OTHER) {
    start(engine, &t->timeout, SIP_INPUT_TIMER_K, reliable ? 0 : t4);
  } else if (t->machine == SIP_SERVER_INVITE) {
    start(engine, &t->timeout, SIP_INPUT_TIMER_I, reliable ? 0 : t4);
  } else {
    start(engine, &t->timeout, SIP_INPUT_TIMER_J, reliable ? 0 : t1x64);
  }
}

static void to_user(sip_engine *engine, sip_transaction *t, const sip_transaction_cause *cause) {
  if (sip_transaction_is_client(t)) {
    sip_client_to_user(engine, t, cause->message, cause->flow);
  } else if (t->flags & SIP_TRANSACTION_PROXIED) { /* its ACK has the INVITE's branch */
    sip_proxy_route(engine, cause->message, cause->flow);
  } else {
    sip_dialog_acknowledged(engine, cause->message, cause->flow);
  }
}

static void report_failure(sip_engine *engine, sip_transaction *t, int error) {
  if (sip_transaction_is_client(t)) {
    sip_client_failed(engine, t, error);
  } else {
    sip_server_failed(engine, t, error);
  }
}

/* 16.7 item 2: a 100 sets Timer C when it is the first sign of life, and no other time. */
static bool is_guarded(const sip_transaction *t, const sip_transaction_cause *cause) {
  if (t->flags & SIP_TRANSACTION_CANCELLED) return false;
  bool trying = cause->message && cause->message->status == 100;
  return !trying || t->timeout.kind != SIP_INPUT_TIMER_C;
}

static void act(sip_engine *engine, sip_transaction *t, uint16_t actions,
                const sip_transaction_cause *cause) {
  if (actions & SIP_ACTION_STOP) {
    sip_timer_stop(&engine->wheel, &t->retransmit);
    sip_timer_stop(&engine->wheel, &t->timeout);
    t->interval_ms = 0;
  }
  if (actions & SIP_ACTION_SEND) sip_transaction_send(engine, t);
  if (actions & SIP_ACTION_TRYING) sip_server_answer(engine, t, 100);
  if (actions & SIP_ACTION_ACK) sip_client_acknowledge_failure(engine, t, cause->message);
  if (actions & SIP_ACTION_CANCEL) sip_client_guard_expired(engine, t);
  if (actions & SIP_ACTION_RETRANSMIT) sip_transaction_start_retransmit(engine, t);
  if (actions & SIP_ACTION_LIMIT) sip_transaction_start_limit(engine, t);
  if (actions & SIP_ACTION_LINGER) start_linger(engine, t);
  if ((actions & SIP_ACTION_GUARD) && is_guarded(t, cause)) {
    start(engine, &t->timeout, SIP_INPUT_TIMER_C, engine->config.timer_c_ms);
  }
  if (actions & SIP_ACTION_TO_USER) to_user(engine, t, cause);
  if (actions & SIP_ACTION_TIMED_OUT) report_failure(engine, t, SIP_E_TIMEOUT);
  if (actions & SIP_ACTION_FAILED) report_failure(engine, t, cause->error);
}

bool sip_transaction_drive(sip_engine *engine, sip_transaction *t,
                           const sip_transaction_cause *cause) {
  sip_arrow arrow = sip_transaction_arrow(t->machine, t->state, cause->input);
  if (arrow.next == SIP_STATE_NONE) return false;
  t->state = arrow.next;
  act(engine, t, arrow.actions, cause);
  if (t->state == SIP_STATE_CONFIRMED) sip_dialog_invite_confirmed(engine, t);
  if (t->state == SIP_STATE_TERMINATED) sip_transaction_free(engine, t);
  return true;
}

void sip_transaction_fail(sip_engine *engine, sip_transaction *t, int error) {
  sip_transaction_cause cause = {.input = SIP_INPUT_TRANSPORT_ERROR, .error = error};
  sip_transaction_drive(engine, t, &cause);
}
