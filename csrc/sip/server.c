/* SPDX-License-Identifier: MIT
 *
 * Server transactions. The key of a request is its top Via's branch and sent-by
 * (17.2.3); of a peer that knows no magic cookie it is what RFC 2543 compares.
 * Merged requests are told by a keyed 64-bit hash alone: equal hashes count as
 * equal texts, at odds of one in 2^64 per pair.
 */
#include "sip/server.h"

#include <string.h>

#include "base/chars.h"
#include "base/error.h"
#include "sip/dialog.h"
#include "sip/response_writer.h"
#include "sip/status.h"

enum { TIMER_100_MS = 200 }; /* 17.2.1 */

/* The text that requests of one transaction share; part two compares without case. */
typedef struct match_key {
  sip_str exact;
  sip_str nocase;
  uint64_t hash;
  bool failed; /* no memory to write it */
} match_key;

static void add_number(sip_buffer *out, uint64_t number) {
  sip_buffer_add_char(out, '\n');
  sip_buffer_add_number(out, number);
  sip_buffer_add_char(out, '\n');
}

/* Request-URI, From tag, Call-ID, CSeq number and top Via (17.2.3); the To tag of
 * an ACK is ours and not in the INVITE, so it is left out. Into engine->lines. */
static sip_str rfc2543_key(sip_engine *engine, const sip_message *m) {
  sip_buffer *out = &engine->lines;
  sip_buffer_clear(out);
  sip_buffer_add(out, sip_message_span(m, m->uri_text));
  sip_buffer_add_char(out, '\n');
  sip_buffer_add(out, sip_message_span(m, m->from_tag));
  sip_buffer_add_char(out, '\n');
  sip_buffer_add(out, sip_message_span(m, m->call_id));
  add_number(out, m->cseq);
  sip_buffer_add(out, sip_message_value(m, &m->headers[m->top_via]));
  return sip_buffer_str(out);
}

static match_key key_of(sip_engine *engine, const sip_message *m) {
  match_key key = {.exact = sip_message_span(m, m->branch)};
  if (sip_branch_is_rfc3261(key.exact)) {
    key.nocase = sip_message_span(m, m->sent_by);
  } else {
    key.exact = rfc2543_key(engine, m);
    key.failed = engine->lines.failed;
  }
  key.hash = sip_hash(engine->key, key.exact) + 31 * sip_hash_nocase(engine->key, key.nocase);
  return key;
}

static bool has_key(const sip_transaction *t, const match_key *key) {
  if (t->key_len != key->exact.len + key->nocase.len) return false;
  sip_str exact = {t->key, key->exact.len};
  sip_str nocase = {t->key + key->exact.len, key->nocase.len};
  return sip_str_equal(exact, key->exact) && sip_str_equal_nocase(nocase, key->nocase);
}

sip_transaction *sip_server_find(sip_engine *engine, const sip_message *request, bool invite) {
  sip_method method = invite ? SIP_METHOD_INVITE : (sip_method)request->method;
  match_key key = key_of(engine, request);
  sip_map_node *node = sip_map_find(&engine->by_server_key, key.hash);
  for (; node; node = sip_map_find_next(node)) {
    sip_transaction *t = SIP_CONTAINER(node, sip_transaction, by_key);
    if (t->method == method && has_key(t, &key)) return t;
  }
  return NULL;
}

static uint64_t merge_hash(const sip_engine *engine, const sip_message *m) {
  return sip_hash(engine->key, sip_message_span(m, m->from_tag)) +
         31 * sip_hash(engine->key, sip_message_span(m, m->call_id)) + 1023 * (uint64_t)m->cseq +
         m->method;
}

static void start_timers(sip_engine *engine, sip_transaction *t) {
  if (t->machine == SIP_SERVER_INVITE) {
    t->retransmit.kind = SIP_INPUT_TIMER_100;
    sip_timer_start(&engine->wheel, &t->retransmit, engine->now + TIMER_100_MS);
  } else {
    t->timeout.kind = SIP_INPUT_TIMER_F;
    sip_timer_start(&engine->wheel, &t->timeout, engine->now + sip_engine_timer_64t1(engine));
  }
}

int sip_server_open(sip_engine *engine, sip_kept *kept, const sip_flow *flow,
                    sip_transaction **out) {
  const sip_message *m = kept->message;
  bool invite = m->method == SIP_METHOD_INVITE;
  match_key key = key_of(engine, m);
  size_t key_len = key.exact.len + key.nocase.len;
  if (key.failed || key_len > UINT16_MAX) return SIP_E_MEMORY;
  sip_transaction *t =
      sip_transaction_new(engine, invite ? SIP_SERVER_INVITE : SIP_SERVER_OTHER, key_len);
  if (!t) return SIP_E_LIMIT;
  memcpy(t->key, key.exact.ptr, key.exact.len);
  if (key.nocase.len) memcpy(t->key + key.exact.len, key.nocase.ptr, key.nocase.len);
  t->state = invite ? SIP_STATE_PROCEEDING : SIP_STATE_TRYING;
  t->method = m->method;
  t->listener = flow->listener;
  if (sip_transport_is_reliable(flow->transport)) t->flags |= SIP_TRANSACTION_RELIABLE;
  sip_response_route(m, flow, &t->flow, &t->fallback);
  kept->references++;
  t->server.request = kept;
  sip_map_add(&engine->by_server_key, &t->by_key, key.hash);
  if (m->to_tag.len == 0) {
    t->flags |= SIP_TRANSACTION_MERGEABLE;
    sip_map_add(&engine->by_merge, &t->by_merge, merge_hash(engine, m));
  } else {
    t->flags |= SIP_TRANSACTION_IN_DIALOG;
  }
  start_timers(engine, t);
  *out = t;
  return 0;
}

void sip_server_deinit(sip_engine *engine, sip_transaction *t) {
  sip_map_remove(&engine->by_server_key, &t->by_key);
  if (t->flags & SIP_TRANSACTION_MERGEABLE) sip_map_remove(&engine->by_merge, &t->by_merge);
  sip_kept_release(engine, t->server.request);
}

bool sip_server_is_merged(sip_engine *engine, const sip_transaction *t) {
  if (!(t->flags & SIP_TRANSACTION_MERGEABLE)) return false;
  const sip_map_node *node = sip_map_find(&engine->by_merge, t->by_merge.hash);
  return node != &t->by_merge || sip_map_find_next(node) != NULL;
}

static sip_input input_of(int status) {
  if (status < 200) return SIP_INPUT_SEND_1XX;
  return status < 300 ? SIP_INPUT_SEND_2XX : SIP_INPUT_SEND_FAILURE;
}

/* The tag of our side, minted once per transaction (8.2.6.2). */
static sip_str to_tag(sip_engine *engine, sip_transaction *t, const sip_reply *reply) {
  if (t->server.to_tag_len == 0) {
    sip_buffer *out = &engine->lines;
    sip_buffer_clear(out);
    if (reply->to_tag.len) {
      sip_buffer_add(out, reply->to_tag);
    } else {
      sip_engine_add_token(engine, out);
    }
    if (out->failed) return (sip_str){0};
    memcpy(t->server.to_tag, out->ptr, out->len);
    t->server.to_tag_len = (uint8_t)out->len;
  }
  return sip_str_make(t->server.to_tag, t->server.to_tag_len);
}

static int check_reply(const sip_transaction *t, const sip_reply *reply) {
  bool provisional = reply->status < 200;
  if (reply->status < SIP_STATUS_MIN || reply->status > SIP_STATUS_MAX) return SIP_E_INVALID;
  if (reply->stateless && reply->status < 300) return SIP_E_INVALID;
  if (reply->to_tag.len > SIP_TO_TAG_MAX) return SIP_E_INVALID;
  if (reply->to_tag.len && !sip_str_is(reply->to_tag, SIP_CHAR_TOKEN)) return SIP_E_INVALID;
  if (t->machine == SIP_SERVER_OTHER) { /* RFC 4320 4.1, 4.2 */
    if (reply->status == 408 || (provisional && reply->status != 100)) return SIP_E_INVALID;
  }
  sip_arrow arrow = sip_transaction_arrow(t->machine, t->state, input_of(reply->status));
  if (arrow.next == SIP_STATE_NONE || !t->server.request) return SIP_E_STATE;
  return 0;
}

static bool makes_dialog(const sip_transaction *t, int status) {
  if (status <= 100 || status >= 300) return false;
  if (t->method == SIP_METHOD_INVITE) return true;
  return status >= 200 && (t->method == SIP_METHOD_SUBSCRIBE || t->method == SIP_METHOD_REFER);
}

static void send_reply(sip_engine *engine, sip_transaction *t, sip_packet *packet, int status) {
  sip_packet_release(t->packet);
  t->packet = packet;
  t->status = (uint16_t)status;
  if (status >= 200 && t->server.request) {
    sip_kept_release(engine, t->server.request);
    t->server.request = NULL;
  }
  sip_transaction_drive(engine, t, &(sip_transaction_cause){.input = input_of(status)});
}

/* A rejection that leaves nothing behind: the next copy of the request is new. */
static void send_stateless(sip_engine *engine, sip_transaction *t, sip_packet *packet) {
  sip_engine_push_packet(
      engine, &(sip_outgoing){.packet = packet, .flow = t->flow, .fallback = t->fallback});
  sip_transaction_free(engine, t);
}

int sip_engine_reply(sip_engine *engine, sip_time now, sip_id transaction, const sip_reply *reply,
                     sip_id *dialog) {
  engine->now = now;
  if (dialog) *dialog = 0;
  sip_transaction *t = sip_slots_find(&engine->transactions, transaction);
  if (!t || sip_transaction_is_client(t)) return SIP_E_GONE;
  int error = check_reply(t, reply);
  if (error) return error;
  if (!sip_engine_reserve(engine)) return SIP_E_MEMORY;

  const sip_message *request = t->server.request->message;
  bool dialog_wanted = makes_dialog(t, reply->status);
  bool first = dialog_wanted && t->dialog == 0;
  sip_response_parts parts = {
      .request = request,
      .flow = &t->server.request->flow,
      .reply = reply,
      .to_tag = reply->status > 100 ? to_tag(engine, t, reply) : (sip_str){0},
      .record_route = dialog_wanted,
      .contact = dialog_wanted ||
                 (sip_method_refreshes_target((sip_method)t->method) && reply->status / 100 == 2),
      .capabilities = t->method == SIP_METHOD_INVITE && reply->status / 100 == 2,
  };
  sip_packet *packet = sip_response_write(engine, &parts);
  if (!packet) return SIP_E_MEMORY;
  if (first) {
    error = sip_dialog_open_uas(engine, t, request, parts.to_tag);
    if (error) {
      sip_packet_release(packet);
      return error;
    }
  }
  if (dialog) *dialog = dialog_wanted ? t->dialog : 0;
  if (reply->stateless && t->status == 0) {
    send_stateless(engine, t, packet);
    return 0;
  }
  sip_dialog_answered(engine, t, request, reply->status, packet);
  send_reply(engine, t, packet, reply->status);
  return 0;
}

void sip_server_answer(sip_engine *engine, sip_transaction *t, int status) {
  if (!t->server.request) return;
  sip_engine_reply(engine, engine->now, t->id, &(sip_reply){.status = status}, NULL);
}

void sip_server_failed(sip_engine *engine, sip_transaction *t, int error) {
  sip_engine_push_event(
      engine,
      &(sip_event){
          .kind = SIP_EVENT_UNSENT, .transaction = t->id, .dialog = t->dialog, .code = error},
      NULL);
}

/* One tag for every copy of a request that is answered without state (8.2.7). */
static sip_str stateless_tag(const sip_engine *engine, const sip_message *m, char text[13]) {
  static const char alphabet[] = "0123456789abcdefghijklmnopqrstuv";
  uint64_t hash = merge_hash(engine, m) ^ sip_hash(engine->key, sip_message_span(m, m->branch));
  for (int i = 0; i < 13; i++, hash >>= 5) text[i] = alphabet[hash & 31];
  return sip_str_make(text, 13);
}

static void answer_stateless(sip_engine *engine, const sip_message *request, const sip_flow *flow,
                             const sip_reply *reply, sip_str tag) {
  sip_response_parts parts = {.request = request, .flow = flow, .reply = reply, .to_tag = tag};
  sip_packet *packet = sip_response_write(engine, &parts);
  if (!packet) return;
  sip_outgoing out = {.packet = packet};
  sip_response_route(request, flow, &out.flow, &out.fallback);
  sip_engine_push_packet(engine, &out);
}

void sip_server_reject(sip_engine *engine, const sip_message *request, const sip_flow *flow,
                       int status, sip_str reason, sip_str lines) {
  if (request->method == SIP_METHOD_ACK) return; /* never answered (17) */
  char tag[13];
  sip_reply reply = {.status = status, .reason = reason, .headers = lines};
  answer_stateless(engine, request, flow, &reply, stateless_tag(engine, request, tag));
}

void sip_server_accept_cancel(sip_engine *engine, sip_transaction *invite,
                              const sip_message *cancel, const sip_flow *flow) {
  sip_reply reply = {.status = 200};
  answer_stateless(engine, cancel, flow, &reply, to_tag(engine, invite, &reply));
}
