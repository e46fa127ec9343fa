/* SPDX-License-Identifier: MIT
 *
 * Server transactions. The key of a request is its top Via's branch and sent-by
 * (17.2.3); of a peer that knows no magic cookie it is what RFC 2543 compares.
 * Merged requests are told by a keyed 64-bit hash alone: equal hashes count as
 * equal texts, at odds of one in 2^64 per pair.
 */
#include "sip/server.h"

#include <string.h>

#include "base/error.h"
#include "sip/dialog.h"
#include "sip/proxy.h"
#include "sip/reliable.h"
#include "sip/response_writer.h"

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
    key.failed = engine->lines.failed || !key.exact.ptr;
    if (key.failed) key.exact = SIP_STR("");
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
  if (key.failed) return NULL;
  sip_map_node *node = sip_map_find(&engine->by_server_key, key.hash);
  for (; node; node = sip_map_find_next(node)) {
    sip_transaction *t = SIP_CONTAINER(node, sip_transaction, by_key);
    if (t->method == method && has_key(t, &key)) return t;
  }
  return NULL;
}

static uint64_t merge_hash(const sip_engine *engine, const sip_message *m, uint32_t cseq,
                           sip_method method) {
  return sip_hash(engine->key, sip_message_span(m, m->from_tag)) +
         31 * sip_hash(engine->key, sip_message_span(m, m->call_id)) + 1023 * (uint64_t)cseq +
         method;
}

uint64_t sip_server_merge_hash(const sip_engine *engine, const sip_message *m) {
  return merge_hash(engine, m, m->cseq, (sip_method)m->method);
}

uint64_t sip_server_invite_hash(const sip_engine *engine, const sip_message *m, uint32_t cseq) {
  return merge_hash(engine, m, cseq, SIP_METHOD_INVITE);
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
    uint64_t hash = sip_server_merge_hash(engine, m);
    t->flags |= SIP_TRANSACTION_MERGEABLE;
    if (sip_map_find(&engine->by_merge, hash)) t->flags |= SIP_TRANSACTION_MERGED;
    sip_map_add(&engine->by_merge, &t->server.by_merge, hash);
  } else {
    t->flags |= SIP_TRANSACTION_IN_DIALOG;
  }
  start_timers(engine, t);
  *out = t;
  return 0;
}

void sip_server_deinit(sip_engine *engine, sip_transaction *t) {
  if (t->server.proxy) sip_proxy_forsaken(engine, t->server.proxy);
  sip_dialog_invite_confirmed(engine, t);
  sip_reliable_free(engine, t->server.reliable);
  sip_map_remove(&engine->by_server_key, &t->by_key);
  if (t->flags & SIP_TRANSACTION_MERGEABLE) sip_map_remove(&engine->by_merge, &t->server.by_merge);
  sip_kept_release(engine, t->server.request);
}
