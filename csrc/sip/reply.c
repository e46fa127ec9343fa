/* SPDX-License-Identifier: MIT
 *
 * Answering: through a transaction (RFC 3261 8.2.6, 17.2), without state (8.2.7), and
 * the engine's own answers.
 */
#include <string.h>

#include "base/chars.h"
#include "base/error.h"
#include "sip/dialog.h"
#include "sip/proxy.h"
#include "sip/reliable.h"
#include "sip/response_writer.h"
#include "sip/screen.h"
#include "sip/server.h"
#include "sip/session_timer.h"
#include "sip/status.h"

enum { STATELESS_TAG_LEN = 13 }; /* 64 bits, 5 each */

static sip_input input_of(int status) {
  if (status < 200) return SIP_INPUT_SEND_1XX;
  return status < 300 ? SIP_INPUT_SEND_2XX : SIP_INPUT_SEND_FAILURE;
}

/* One tag for every copy of a request that is answered without state (8.2.7). */
static sip_str stateless_tag(const sip_engine *engine, const sip_message *m,
                             char text[STATELESS_TAG_LEN]) {
  static const char alphabet[] = "0123456789abcdefghijklmnopqrstuv";
  uint64_t hash =
      sip_server_merge_hash(engine, m) ^ sip_hash(engine->key, sip_message_span(m, m->branch));
  for (int i = 0; i < STATELESS_TAG_LEN; i++, hash >>= 5) text[i] = alphabet[hash & 31];
  return sip_str_make(text, STATELESS_TAG_LEN);
}

/* The tag of our side, minted once per transaction (8.2.6.2). */
static sip_str to_tag(sip_engine *engine, sip_transaction *t, const sip_reply *reply) {
  if (t->server.to_tag_len == 0) {
    sip_buffer *out = &engine->lines;
    char stateless[STATELESS_TAG_LEN];
    sip_buffer_clear(out);
    if (reply->to_tag.len) {
      sip_buffer_add(out, reply->to_tag);
    } else if (reply->stateless) {
      sip_buffer_add(out, stateless_tag(engine, t->server.request->message, stateless));
    } else {
      sip_engine_add_token(engine, out);
    }
    if (out->failed) return (sip_str){0};
    memcpy(t->server.to_tag, out->ptr, out->len);
    t->server.to_tag_len = (uint8_t)out->len;
  }
  return sip_str_make(t->server.to_tag, t->server.to_tag_len);
}

/* A 101 to 199 to an INVITE that is proxied comes from a user agent that shares our element
 * (16.7 item 6): with a tag and a Contact of its own, and a dialog that nothing ever comes in,
 * so that none is kept for it. */
static bool is_beside_proxy(const sip_transaction *t, int status) {
  return t->server.proxy && status > 100 && status < 200;
}

/* It cannot be reliable: there is no dialog for its PRACK. */
static bool may_stand_beside(const sip_transaction *t) {
  return t->method == SIP_METHOD_INVITE && t->server.request &&
         !sip_message_has_token(t->server.request->message, SIP_HEADER_REQUIRE, SIP_STR("100rel"));
}

static int check_reply(const sip_transaction *t, const sip_reply *reply, sip_lines *lines) {
  bool provisional = reply->status < 200;
  if (is_beside_proxy(t, reply->status) && !may_stand_beside(t)) return SIP_E_STATE;
  /* 16.7 item 6: a proxy has no tag to put into it. */
  if (t->server.proxy && reply->status / 100 == 2) return SIP_E_STATE;
  if (reply->status < SIP_STATUS_MIN || reply->status > SIP_STATUS_MAX) return SIP_E_INVALID;
  if (reply->stateless && reply->status < 300) return SIP_E_INVALID;
  if (reply->to_tag.len > SIP_TO_TAG_MAX) return SIP_E_INVALID;
  if (reply->to_tag.len && !sip_str_is(reply->to_tag, SIP_CHAR_TOKEN)) return SIP_E_INVALID;
  if (t->machine == SIP_SERVER_OTHER) { /* RFC 4320 4.1, 4.2 */
    if (reply->status == 408 || (provisional && reply->status != 100)) return SIP_E_INVALID;
  }
  sip_arrow arrow = sip_transaction_arrow(t->machine, t->state, input_of(reply->status));
  if (arrow.next == SIP_STATE_NONE || !t->server.request) return SIP_E_STATE;
  return sip_lines_scan(reply->headers, lines);
}

static bool makes_dialog(const sip_transaction *t, int status) {
  if (status <= 100 || status >= 300) return false;
  if (t->method == SIP_METHOD_INVITE) return true;
  return status >= 200 && (t->method == SIP_METHOD_SUBSCRIBE || t->method == SIP_METHOD_REFER);
}

void sip_server_send(sip_engine *engine, sip_transaction *t, sip_packet *packet, int status) {
  sip_packet_release(t->packet);
  t->packet = packet;
  t->status = (uint16_t)status;
  if (status >= 200 && t->server.request) {
    sip_kept_release(engine, t->server.request);
    t->server.request = NULL;
  }
  sip_transaction_drive(engine, t, &(sip_transaction_cause){.input = input_of(status)});
  if (t->state != SIP_STATE_ACCEPTED || !(t->flags & SIP_TRANSACTION_PROXIED)) return;
  sip_packet_release(t->packet); /* its copies come from the one who answered */
  t->packet = NULL;
}

/* A rejection that leaves nothing behind: the next copy of the request is new. */
static void send_stateless(sip_engine *engine, sip_transaction *t, sip_packet *packet) {
  sip_engine_push_packet(
      engine, &(sip_outgoing){.packet = packet, .flow = t->flow, .fallback = t->fallback});
  sip_transaction_free(engine, t);
}

void sip_server_pass(sip_engine *engine, sip_transaction *t, sip_packet *packet, int status) {
  sip_id acknowledged = t->method == SIP_METHOD_PRACK ? t->server.acknowledges : 0;
  sip_dialog_answered(engine, t, status, packet);
  sip_server_send(engine, t, packet, status);
  if (status < 200) return;
  if (t->server.proxy) sip_proxy_answered(engine, t->server.proxy);
  sip_transaction *invite = sip_slots_find(&engine->transactions, acknowledged);
  if (invite) sip_reliable_acknowledged(engine, invite, status);
}

/* A 2xx to INVITE, or to UPDATE once there is a session: it says when that expires (RFC 4028
 * 9). */
static bool is_session_answer(sip_engine *engine, const sip_transaction *t, int status) {
  if (status / 100 != 2) return false;
  if (t->method == SIP_METHOD_INVITE) return true;
  const sip_dialog *dialog = sip_dialog_find(engine, t->dialog);
  return t->method == SIP_METHOD_UPDATE && dialog && dialog->state == SIP_DIALOG_CONFIRMED;
}

int sip_engine_reply(sip_engine *engine, sip_time now, sip_id transaction, const sip_reply *reply,
                     sip_replied *out) {
  engine->now = now;
  sip_replied ignored;
  if (!out) out = &ignored;
  *out = (sip_replied){0};
  sip_transaction *t = sip_slots_find(&engine->transactions, transaction);
  if (!t || sip_transaction_is_client(t)) return SIP_E_GONE;
  sip_lines lines;
  int error = check_reply(t, reply, &lines);
  if (error) return error;
  if (!sip_engine_reserve(engine)) return SIP_E_MEMORY;

  const sip_message *request = t->server.request->message;
  sip_dialog *dialog = sip_dialog_find(engine, t->dialog);
  bool beside = is_beside_proxy(t, reply->status);
  bool dialog_wanted = !beside && makes_dialog(t, reply->status);
  bool first = dialog_wanted && t->dialog == 0;
  if (!beside) error = sip_reliable_prepare(engine, t, reply, &out->rseq);
  if (error) return error;
  sip_response_parts parts = {
      .request = request,
      .flow = &t->server.request->flow,
      .reply = reply,
      .lines = &lines,
      .to_tag = reply->status > 100 ? to_tag(engine, t, reply) : (sip_str){0},
      .record_route = dialog_wanted || beside,
      .contact = dialog_wanted || beside ||
                 (sip_method_refreshes_target((sip_method)t->method) && reply->status / 100 == 2),
      .capabilities = t->method == SIP_METHOD_INVITE && (reply->status / 100 == 2 || out->rseq),
      .own_contact = dialog && dialog->contact ? sip_packet_str(dialog->contact) : (sip_str){0},
      .rseq = out->rseq,
  };
  bool has_session = is_session_answer(engine, t, reply->status);
  if (has_session && !sip_lines_have(&lines, SIP_HEADER_SESSION_EXPIRES)) {
    parts.session = sip_session_answer(engine, request, &reply->session);
  }
  sip_packet *packet = sip_response_write(engine, &parts);
  if (!packet) return SIP_E_MEMORY;
  if (first) {
    error = sip_dialog_open_uas(engine, t, request, parts.to_tag);
    if (error) {
      sip_packet_release(packet);
      return error;
    }
  }
  if (reply->status >= 300 && !(t->flags & (SIP_TRANSACTION_VOUCHED | SIP_TRANSACTION_IN_DIALOG))) {
    sip_screen_answered(engine, parts.flow, reply->status);
  }
  if (dialog_wanted) out->dialog = t->dialog;
  if (reply->stateless && t->status == 0 && !t->server.proxy) {
    send_stateless(engine, t, packet);
    return 0;
  }
  if (first) dialog = sip_dialog_find(engine, t->dialog);
  if (dialog && parts.contact && sip_lines_have(&lines, SIP_HEADER_CONTACT)) {
    sip_dialog_keep_contact(engine, dialog, packet);
  }
  if (dialog && has_session) sip_session_promise(dialog, &parts.session, request);
  sip_held response = {packet, (uint16_t)reply->status, reply->body.len > 0};
  out->is_held = sip_reliable_pass(engine, t, &response, out->rseq);
  return 0;
}

void sip_server_answer(sip_engine *engine, sip_transaction *t, int status) {
  if (!t->server.request) return;
  sip_engine_reply(engine, engine->now, t->id, &(sip_reply){.status = status}, NULL);
}

void sip_server_failed(sip_engine *engine, sip_transaction *t, int error) {
  if (t->flags & SIP_TRANSACTION_PROXIED) return; /* 16.9: nothing is cancelled for that */
  sip_engine_push_event(engine,
                        &(sip_event){.kind = SIP_EVENT_UNSENT,
                                     .transaction = t->id,
                                     .dialog = t->dialog,
                                     .code = error,
                                     .flow = t->flow},
                        NULL);
}

static void answer_stateless(sip_engine *engine, const sip_message *request, const sip_flow *flow,
                             const sip_reply *reply, sip_str tag) {
  sip_lines lines;
  sip_lines_scan(reply->headers, &lines);
  sip_response_parts parts = {
      .request = request, .flow = flow, .reply = reply, .lines = &lines, .to_tag = tag};
  sip_packet *packet = sip_response_write(engine, &parts);
  if (!packet) return;
  sip_outgoing out = {.packet = packet};
  sip_response_route(request, flow, &out.flow, &out.fallback);
  sip_engine_push_packet(engine, &out);
}

void sip_server_reject(sip_engine *engine, const sip_message *request, const sip_flow *flow,
                       int status, sip_str reason, sip_str lines) {
  if (request->method == SIP_METHOD_ACK) return; /* never answered (17) */
  sip_screen_answered(engine, flow, status);
  char tag[STATELESS_TAG_LEN];
  sip_reply reply = {.status = status, .reason = reason, .headers = lines};
  answer_stateless(engine, request, flow, &reply, stateless_tag(engine, request, tag));
}

void sip_engine_refuse(sip_engine *engine, sip_time now, const sip_message *request,
                       const sip_flow *flow, int status) {
  engine->now = now;
  if (sip_engine_reserve(engine)) {
    sip_server_reject(engine, request, flow, status, (sip_str){0}, (sip_str){0});
  }
}

void sip_server_accept_cancel(sip_engine *engine, sip_transaction *invite, sip_kept *kept,
                              const sip_flow *flow) {
  sip_reply reply = {.status = 200};
  reply.to_tag = to_tag(engine, invite, &reply);
  sip_transaction *own = NULL;
  if (kept && sip_server_open(engine, kept, flow, &own) == 0) {
    sip_engine_reply(engine, engine->now, own->id, &reply, NULL);
  } else {
    answer_stateless(engine, engine->parsed, flow, &reply, reply.to_tag);
  }
}
