/* SPDX-License-Identifier: MIT
 *
 * The way of a received message: parser, transaction, dialog, user (RFC 3261
 * 18.2.1, 17.2.3, 12.2.2, 8.2; responses 18.1.2).
 */
#include "base/error.h"
#include "sip/client.h"
#include "sip/dialog.h"
#include "sip/keep_alive.h"
#include "sip/proxy.h"
#include "sip/reliable.h"
#include "sip/screen.h"
#include "sip/server.h"
#include "sip/stun.h"
#include "sip/subscription_usage.h"
#include "sip/user_agent.h"

enum { RETRY_AFTER_LATER_MAX_S = 10 }; /* 14.2, RFC 3311 5.2 */

static void reject(sip_engine *engine, const sip_flow *flow, int status, sip_str lines) {
  sip_server_reject(engine, engine->parsed, flow, status, (sip_str){0}, lines);
}

/* "Retry-After: n", in engine->lines. */
static sip_str retry_after(sip_engine *engine, uint64_t seconds) {
  sip_buffer *lines = &engine->lines;
  sip_buffer_clear(lines);
  SIP_BUFFER_ADD(lines, "Retry-After: ");
  sip_buffer_add_number(lines, seconds);
  SIP_BUFFER_ADD(lines, "\r\n");
  return sip_buffer_str(lines);
}

/* Asks the guard about a request that belongs to nothing we know; false: it is done with. */
static bool is_let_in(sip_engine *engine, const sip_flow *flow) {
  switch (sip_screen_request(engine, flow)) {
  case SIP_SCREEN_LET_IN:
    return true;
  case SIP_SCREEN_DROP:
    engine->dropped++;
    break;
  case SIP_SCREEN_BUSY:
    reject(engine, flow, 503, retry_after(engine, sip_screen_retry_after(engine)));
    break;
  }
  return false;
}

/* Opens the transaction and hands the request up. */
void sip_engine_deliver(sip_engine *engine, const sip_flow *flow, sip_dialog *dialog) {
  const sip_message *m = engine->parsed;
  if (engine->events.count >= engine->config.max_events) {
    reject(engine, flow, 503, retry_after(engine, 1));
    return;
  }
  sip_kept *kept = sip_kept_new(engine, m, flow);
  sip_transaction *t = NULL;
  int error = kept ? sip_server_open(engine, kept, flow, &t) : SIP_E_MEMORY;
  if (error) {
    sip_kept_release(engine, kept);
    if (error == SIP_E_LIMIT) reject(engine, flow, 503, retry_after(engine, 1));
    return;
  }
  bool routed = m->to_tag.len > 0 && !dialog;
  sip_event event = {
      .kind = routed ? SIP_EVENT_ROUTED : SIP_EVENT_REQUEST, .transaction = t->id, .flow = *flow};
  if (dialog) {
    sip_dialog_take(engine, dialog, t, flow);
    event.dialog = dialog->id;
    if (sip_dialog_serve(engine, dialog, t)) {
      sip_kept_release(engine, kept);
      return;
    }
  }
  sip_engine_push_event(engine, &event, kept);
}

/* It belongs to nothing here: for who forwards without state. */
static bool hand_up_stray(sip_engine *engine, const sip_flow *flow) {
  if (!engine->handle_strays || engine->events.count >= engine->config.max_events) return false;
  sip_kept *kept = sip_kept_new(engine, engine->parsed, flow);
  if (!kept) return false;
  sip_engine_push_event(engine, &(sip_event){.kind = SIP_EVENT_STRAY, .flow = *flow}, kept);
  return true;
}

static void receive_ack(sip_engine *engine, const sip_flow *flow) {
  const sip_message *ack = engine->parsed;
  sip_transaction *t = sip_server_find(engine, ack, true);
  sip_transaction_cause cause = {.input = SIP_INPUT_RECV_ACK, .message = ack, .flow = flow};
  if (t) {
    engine->absorbed++;
    sip_transaction_drive(engine, t, &cause);
  } else if (sip_dialog_match_request(engine, ack)) {
    sip_dialog_acknowledged(engine, ack, flow);
  } else if (!sip_proxy_route(engine, ack, flow) && !sip_proxy_hand_over(engine, ack, flow) &&
             !sip_proxy_route_gruu(engine, ack, flow)) {
    hand_up_stray(engine, flow);
  }
}

/* A CANCEL of what goes on at other places: true when the branches of the INVITE will
 * bring its final response (16.10). */
static bool cancel_branches(sip_engine *engine, const sip_transaction *t) {
  if (!t->server.proxy) return false;
  return sip_proxy_cancelled(engine, t->server.proxy, engine->parsed);
}

/* Who has nothing to do with a request that is forwarded need not hear of its CANCEL. */
static bool is_told(const sip_engine *engine, const sip_transaction *t) {
  const sip_proxy *proxy = t->server.proxy;
  return !proxy || !proxy->finish || proxy->watch || engine->handled >> SIP_METHOD_CANCEL & 1;
}

/* 9.2: 200 to the CANCEL with the To tag of the INVITE, 487 to an INVITE that has
 * no final response. */
static void receive_cancel(sip_engine *engine, const sip_flow *flow) {
  const sip_message *cancel = engine->parsed;
  sip_transaction *t = sip_server_find(engine, cancel, true);
  if (!t) {
    if (is_let_in(engine, flow) && !hand_up_stray(engine, flow)) {
      reject(engine, flow, 481, (sip_str){0});
    }
    return;
  }
  sip_kept *kept = sip_kept_new(engine, cancel, flow);
  sip_server_accept_cancel(engine, t, kept, flow);
  if (t->state != SIP_STATE_PROCEEDING) {
    sip_kept_release(engine, kept);
    return;
  }
  sip_event event = {
      .kind = SIP_EVENT_CANCELLED, .transaction = t->id, .dialog = t->dialog, .flow = *flow};
  bool told = is_told(engine, t), waits = cancel_branches(engine, t);
  if (!waits) event.code = 487;
  if (told) {
    sip_engine_push_event(engine, &event, kept);
  } else {
    sip_kept_release(engine, kept);
  }
  if (!waits) sip_server_answer(engine, t, 487);
}

/* RFC 3262 3: a PRACK that crossed our rejection of the INVITE gets its 2xx, though the dialog
 * has ended. Nobody is told: there is no call left that its description could be for. */
static bool receive_late_prack(sip_engine *engine, const sip_flow *flow) {
  const sip_message *prack = engine->parsed;
  if (prack->method != SIP_METHOD_PRACK) return false;
  const sip_transaction *invite = sip_reliable_match_rejected(engine, prack);
  if (!invite) return false;
  sip_id acknowledged = invite->id;
  sip_kept *kept = sip_kept_new(engine, prack, flow);
  sip_transaction *t = NULL;
  if (kept && sip_server_open(engine, kept, flow, &t) == 0) {
    t->server.acknowledges = acknowledged;
    sip_server_answer(engine, t, 200);
  }
  sip_kept_release(engine, kept);
  return true;
}

static void receive_in_dialog(sip_engine *engine, const sip_flow *flow) {
  const sip_message *m = engine->parsed;
  sip_dialog *dialog = sip_dialog_match_request(engine, m);
  if (!dialog) { /* 12.2.2 */
    bool taken = sip_subscriber_receive_first(engine, flow) || receive_late_prack(engine, flow) ||
                 sip_proxy_route(engine, m, flow) || !is_let_in(engine, flow) ||
                 sip_proxy_hand_over(engine, m, flow) || sip_proxy_route_gruu(engine, m, flow);
    if (!taken) reject(engine, flow, 481, (sip_str){0});
    return;
  }
  bool later;
  int status = sip_dialog_admit(engine, dialog, m, &later);
  if (status == 0) {
    bool taken = sip_subscription_receive(engine, flow, dialog);
    if (!taken) sip_engine_deliver(engine, flow, dialog);
  } else {
    uint64_t wait = sip_random_number(&engine->random) % (RETRY_AFTER_LATER_MAX_S + 1);
    reject(engine, flow, status, later ? retry_after(engine, wait) : (sip_str){0});
  }
}

static void receive_request(sip_engine *engine, const sip_flow *flow) {
  const sip_message *m = engine->parsed;
  if (m->method == SIP_METHOD_ACK) {
    receive_ack(engine, flow);
    return;
  }
  sip_transaction *t = sip_server_find(engine, m, false);
  if (t) {
    engine->absorbed++;
    sip_transaction_drive(engine, t, &(sip_transaction_cause){.input = SIP_INPUT_RECV_REQUEST});
  } else if (m->method == SIP_METHOD_CANCEL) {
    receive_cancel(engine, flow);
  } else if (m->to_tag.len > 0) {
    receive_in_dialog(engine, flow);
  } else if (sip_proxy_route_flow(engine, m, flow) || !is_let_in(engine, flow)) {
    return;
  } else if (engine->draining_s) {
    reject(engine, flow, 503, retry_after(engine, engine->draining_s));
  } else if (sip_engine_handles(engine, (sip_method)m->method)) {
    sip_engine_deliver(engine, flow, NULL);
  } else {
    sip_user_agent_answer(engine, m, flow);
  }
}

/* One Via of ours alone, or of those before us too when it goes on to them (8.1.3.3, 16.7
 * item 3). */
static bool has_its_vias(const sip_transaction *t, const sip_message *m) {
  bool proxied = (t->flags & SIP_TRANSACTION_PROXIED) != 0;
  return sip_forward_has_more_vias(m) == proxied;
}

static void receive_response(sip_engine *engine, const sip_flow *flow) {
  const sip_message *m = engine->parsed;
  sip_transaction *t = sip_client_find(engine, m);
  if (!t || !has_its_vias(t, m)) { /* 18.1.2 as in RFC 6026 8.9 */
    bool passed =
        !t && (sip_proxy_pass_response(engine, m) || sip_proxy_hand_over_response(engine, m));
    if (!passed) {
      engine->dropped++;
      sip_screen_junk(engine, flow);
    }
    return;
  }
  sip_input input = SIP_INPUT_RECV_FAILURE;
  if (m->status < 200) input = SIP_INPUT_RECV_1XX;
  if (m->status >= 200 && m->status < 300) input = SIP_INPUT_RECV_2XX;
  sip_transaction_cause cause = {.input = input, .message = m, .flow = flow};
  if (!sip_transaction_drive(engine, t, &cause)) engine->absorbed++;
}

/* Answers what can be answered, drops the rest (8.2, 18.3). */
static void receive_malformed(sip_engine *engine, const sip_flow *flow) {
  const sip_message *m = engine->parsed;
  engine->malformed++;
  sip_str reason = {0};
  int status = sip_message_error_status(m, &reason);
  if (status == 0 || !sip_message_is_request(m) || !sip_message_answerable(m)) {
    engine->dropped++;
    sip_screen_junk(engine, flow);
    return;
  }
  sip_server_reject(engine, m, flow, status, reason, (sip_str){0});
}

/* RFC 5626 8: no message, but a keep-alive, which is in no history. */
static int receive_stun(sip_engine *engine, const sip_flow *flow, sip_str bytes) {
  unsigned char answer[SIP_STUN_ANSWER_MAX];
  if (!sip_engine_reserve(engine)) return SIP_E_MEMORY;
  if (sip_keep_alive_stun(engine, flow, bytes)) return 0;
  size_t len = sip_stun_answer(bytes, &flow->remote, answer);
  if (len == 0) {
    engine->dropped++;
    sip_screen_junk(engine, flow);
    return SIP_E_START_LINE;
  }
  sip_packet *packet = sip_packet_copy(&engine->alloc, sip_str_make((const char *)answer, len));
  if (!packet) return SIP_E_MEMORY;
  sip_engine_push_packet(engine, &(sip_outgoing){.packet = packet, .flow = *flow});
  return 0;
}

int sip_engine_receive(sip_engine *engine, sip_time now, const sip_flow *flow, sip_str bytes) {
  engine->now = now;
  engine->received++;
  if (!sip_screen_arrival(engine, flow)) { /* it does not push others out of the history */
    engine->dropped++;
    return SIP_E_REFUSED;
  }
  if (flow->transport == SIP_TRANSPORT_UDP && sip_stun_looks_like(bytes)) {
    return receive_stun(engine, flow, bytes);
  }
  sip_history_add(&engine->history, now, false, flow, bytes);
  if (!sip_engine_reserve(engine)) {
    engine->dropped++;
    return SIP_E_MEMORY;
  }
  int error = sip_message_parse(engine->parsed, bytes, &engine->config.limits);
  if (error) {
    receive_malformed(engine, flow);
  } else if (sip_message_is_request(engine->parsed)) {
    receive_request(engine, flow);
  } else {
    receive_response(engine, flow);
  }
  return error;
}
