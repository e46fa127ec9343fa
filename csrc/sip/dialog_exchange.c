/* SPDX-License-Identifier: MIT
 *
 * What happens inside a dialog: the order of requests (RFC 3261 12.2.2), INVITEs
 * that cross (14), and the 2xx that is sent again until its ACK (13.3.1.4).
 */
#include "base/error.h"
#include "sip/dialog.h"
#include "sip/reliable.h"
#include "sip/screen.h"
#include "sip/server.h"
#include "sip/session_timer.h"

sip_transaction *sip_dialog_unanswered(const sip_engine *engine, const sip_dialog *dialog) {
  sip_transaction *invite = sip_slots_find(&engine->transactions, dialog->invite_server);
  return invite && invite->state == SIP_STATE_PROCEEDING ? invite : NULL;
}

/* After the BYE the subscriptions of a dialog go on. */
static bool is_over_for(const sip_dialog *dialog, const sip_message *request) {
  bool subscription =
      request->method == SIP_METHOD_NOTIFY || request->method == SIP_METHOD_SUBSCRIBE;
  return dialog->state == SIP_DIALOG_TERMINATED &&
         (!subscription || sip_link_alone(&dialog->subscriptions));
}

/* Another UPDATE of theirs has no final response (RFC 3311 5.2). */
static bool is_updating(const sip_engine *engine, const sip_dialog *dialog) {
  const sip_transaction *t = sip_slots_find(&engine->transactions, dialog->update_server);
  return t && (t->state == SIP_STATE_TRYING || t->state == SIP_STATE_PROCEEDING);
}

int sip_dialog_admit(sip_engine *engine, const sip_dialog *dialog, const sip_message *request,
                     bool *later) {
  *later = false;
  if (is_over_for(dialog, request)) return 481;
  if (dialog->has_remote_cseq && request->cseq <= dialog->remote_cseq) return 500; /* 12.2.2 */
  switch (request->method) {
  case SIP_METHOD_PRACK:
    return sip_reliable_match(engine, dialog, request) ? 0 : 481;
  case SIP_METHOD_UPDATE:
    *later = is_updating(engine, dialog);
    return *later ? 500 : 0;
  case SIP_METHOD_INVITE:
    *later = sip_dialog_unanswered(engine, dialog) != NULL;
    if (*later) return 500;
    return dialog->invite_client ? 491 : 0;
  default:
    return 0;
  }
}

bool sip_dialog_is_inviting(const sip_dialog *dialog) {
  return dialog->invite_client || dialog->invite_server || dialog->ok;
}

void sip_dialog_invite_over(sip_engine *engine, sip_dialog *dialog) {
  if (!dialog->wants_invite || sip_dialog_is_inviting(dialog)) return;
  dialog->wants_invite = false;
  sip_engine_push_event(engine, &(sip_event){.kind = SIP_EVENT_READY, .dialog = dialog->id}, NULL);
}

void sip_dialog_invite_confirmed(sip_engine *engine, const sip_transaction *t) {
  sip_dialog *dialog = sip_dialog_find(engine, t->dialog);
  if (!dialog || dialog->invite_server != t->id) return;
  dialog->invite_server = 0;
  sip_dialog_invite_over(engine, dialog);
}

/* What a request that may change the session says of who sends it. */
static void take_identity(sip_engine *engine, sip_dialog *dialog, const sip_message *request) {
  sip_dialog_learn(dialog, request);
  if (!sip_dialog_rename_remote(engine, dialog, request)) return;
  sip_event event = {.kind = SIP_EVENT_IDENTITY, .dialog = dialog->id};
  sip_engine_push_event(engine, &event, NULL);
}

void sip_dialog_take(sip_engine *engine, sip_dialog *dialog, sip_transaction *t,
                     const sip_flow *flow) {
  const sip_message *request = t->server.request->message;
  t->dialog = dialog->id;
  dialog->remote_cseq = request->cseq;
  dialog->has_remote_cseq = true;
  sip_dialog_heard_by(dialog, request, flow);
  if (t->method == SIP_METHOD_INVITE) {
    dialog->invite_server = dialog->last_invite = t->id;
    dialog->last_invite_cseq = request->cseq;
  } else if (t->method == SIP_METHOD_UPDATE) {
    dialog->update_server = t->id;
  } else if (t->method == SIP_METHOD_PRACK) {
    sip_transaction *invite = sip_reliable_match(engine, dialog, request);
    t->server.acknowledges = invite->id;
    sip_reliable_heard(engine, invite);
  } else if (t->method == SIP_METHOD_BYE) {
    dialog->state = SIP_DIALOG_TERMINATED;
  }
  bool may_change = t->method == SIP_METHOD_INVITE || t->method == SIP_METHOD_UPDATE;
  if (may_change) take_identity(engine, dialog, request);
}

static void accept_prack(sip_engine *engine, const sip_dialog *dialog, sip_transaction *t) {
  const sip_transaction *invite = sip_slots_find(&engine->transactions, t->server.acknowledges);
  bool is_told = invite && invite->server.reliable->sent.has_body;
  sip_event event = {
      .kind = SIP_EVENT_PRACKED, .transaction = t->server.acknowledges, .dialog = dialog->id};
  sip_server_answer(engine, t, 200);
  if (is_told) sip_engine_push_event(engine, &event, NULL);
}

/* One that only refreshes: the target (RFC 3311 5.2), or the session (RFC 4028 9). */
static void accept_update(sip_engine *engine, sip_transaction *t) {
  sip_buffer lines;
  sip_buffer_init(&lines, &engine->alloc, 0);
  int status = sip_engine_check(engine, t->id, (sip_str){0}, &lines);
  sip_reply reply = {.status = status ? status : 200, .headers = sip_buffer_str(&lines)};
  sip_engine_reply(engine, engine->now, t->id, &reply, NULL);
  sip_buffer_deinit(&lines);
}

bool sip_dialog_serve(sip_engine *engine, const sip_dialog *dialog, sip_transaction *t) {
  if (sip_engine_handles(engine, (sip_method)t->method)) return false;
  bool is_empty = t->server.request->message->body_len == 0;
  if (t->method == SIP_METHOD_BYE) {
    sip_server_answer(engine, t, 200); /* 15.1.2 */
  } else if (t->method == SIP_METHOD_PRACK && is_empty) {
    accept_prack(engine, dialog, t);
  } else if (t->method == SIP_METHOD_UPDATE && is_empty && dialog->by_invite) {
    accept_update(engine, t);
  } else {
    return false;
  }
  return true;
}

/* 15.1.2: an INVITE that waits for an answer gets 487 when its dialog's BYE came. */
static void bye_answered(sip_engine *engine, sip_dialog *dialog, const sip_transaction *t,
                         int status) {
  sip_transaction *invite = sip_dialog_unanswered(engine, dialog);
  if (invite) sip_server_answer(engine, invite, 487);
  sip_dialog_end(engine, dialog, status, t->server.request);
}

static void forget_ok(sip_engine *engine, sip_dialog *dialog) {
  sip_timer_stop(&engine->wheel, &dialog->retransmit);
  sip_timer_stop(&engine->wheel, &dialog->timeout);
  sip_packet_release(dialog->ok);
  dialog->ok = NULL;
}

static void keep_ok(sip_engine *engine, sip_dialog *dialog, const sip_transaction *t,
                    sip_packet *packet) {
  forget_ok(engine, dialog);
  dialog->ok = sip_packet_keep(packet);
  dialog->ok_flow = t->flow;
  dialog->ok_fallback = t->fallback;
  dialog->ok_cseq = dialog->last_invite_cseq;
  dialog->interval_ms = engine->config.t1_ms;
  sip_timer_start(&engine->wheel, &dialog->retransmit, engine->now + dialog->interval_ms);
  sip_timer_start(&engine->wheel, &dialog->timeout, engine->now + sip_engine_timer_64t1(engine));
}

/* RFC 6141 4.3: a reliable 1xx to a further INVITE makes its Contact the target already. */
static bool is_reliable_now(const sip_transaction *t) {
  const sip_reliable *reliable = t->server.reliable;
  return reliable && reliable->sent.packet;
}

static void invite_answered(sip_engine *engine, sip_dialog *dialog, sip_transaction *t, int status,
                            sip_packet *packet) {
  if (status < 200) {
    const sip_message *request = t->server.request->message;
    if (is_reliable_now(t)) sip_dialog_refresh_target(engine, dialog, request);
    return;
  }
  if (status < 300) {
    dialog->invite_server = 0;
    dialog->state = SIP_DIALOG_CONFIRMED;
    keep_ok(engine, dialog, t, packet);
    sip_session_promised(engine, dialog);
  } else if (dialog->state == SIP_DIALOG_EARLY) {
    t->dialog = 0;
    sip_dialog_end(engine, dialog, status, NULL);
  }
}

void sip_dialog_answered(sip_engine *engine, sip_transaction *t, int status, sip_packet *packet) {
  sip_dialog *dialog = sip_dialog_find(engine, t->dialog);
  if (!dialog) return;
  bool accepted = status >= 200 && status < 300;
  if (accepted && sip_method_refreshes_target((sip_method)t->method)) { /* RFC 5057 5.1 */
    sip_dialog_refresh_target(engine, dialog, t->server.request->message);
  }
  if (t->method == SIP_METHOD_INVITE) {
    invite_answered(engine, dialog, t, status, packet);
  } else if (t->method == SIP_METHOD_BYE && status >= 200) {
    bye_answered(engine, dialog, t, status);
  } else if (t->method == SIP_METHOD_UPDATE && accepted) {
    if (dialog->state == SIP_DIALOG_CONFIRMED) sip_session_promised(engine, dialog);
  } else if (accepted && dialog->state == SIP_DIALOG_EARLY && !dialog->by_invite) {
    dialog->state = SIP_DIALOG_CONFIRMED;
  }
}

void sip_dialog_acknowledged(sip_engine *engine, const sip_message *ack, const sip_flow *flow) {
  sip_dialog *dialog = sip_dialog_match_request(engine, ack);
  if (!dialog || !dialog->ok || dialog->ok_cseq != ack->cseq) return;
  forget_ok(engine, dialog);
  sip_screen_acknowledged(engine, flow);
  sip_dialog_heard_by(dialog, ack, flow);
  bool wanted = engine->handled >> SIP_METHOD_ACK & 1;
  if (wanted || ack->body_len > 0) {
    sip_kept *kept = sip_kept_new(engine, ack, flow);
    sip_event event = {.kind = SIP_EVENT_ACK, .dialog = dialog->id, .flow = *flow};
    sip_engine_push_event(engine, &event, kept);
  }
  sip_dialog_invite_over(engine, dialog);
}

void sip_dialog_timer(sip_engine *engine, sip_dialog *dialog, sip_timer *timer) {
  if (timer == &dialog->retransmit) {
    sip_outgoing out = {.packet = sip_packet_keep(dialog->ok),
                        .flow = dialog->ok_flow,
                        .fallback = dialog->ok_fallback};
    sip_engine_push_packet(engine, &out);
    dialog->interval_ms *= 2;
    if (dialog->interval_ms > engine->config.t2_ms) dialog->interval_ms = engine->config.t2_ms;
    sip_timer_start(&engine->wheel, timer, engine->now + dialog->interval_ms);
  } else if (dialog->ok) {
    forget_ok(engine, dialog);
    sip_event event = {.kind = SIP_EVENT_NO_ACK,
                       .dialog = dialog->id,
                       .code = SIP_E_TIMEOUT,
                       .flow = dialog->ok_flow};
    sip_engine_push_event(engine, &event, NULL);
    sip_dialog_invite_over(engine, dialog);
  } else { /* a BYE of ours was challenged and never sent again */
    sip_dialog_end(engine, dialog, SIP_E_TIMEOUT, NULL);
  }
}

void sip_dialog_keep_ack(sip_dialog *dialog, sip_packet *packet, const sip_flow *flow) {
  sip_packet_release(dialog->ack);
  dialog->ack = sip_packet_keep(packet);
  dialog->ack_flow = *flow;
}

void sip_dialog_resend_ack(sip_engine *engine, const sip_dialog *dialog) {
  if (!dialog->ack) return;
  sip_outgoing out = {.packet = sip_packet_keep(dialog->ack), .flow = dialog->ack_flow};
  sip_engine_push_packet(engine, &out);
}
