/* SPDX-License-Identifier: MIT
 *
 * The checks of RFC 3261 16.3, with the loop detection and Max-Breadth of RFC 5393.
 */
#include "base/base32.h"
#include "base/error.h"
#include "sip/proxy.h"
#include "sip/server.h"

enum {
  BREADTH = 60, /* RFC 5393 5.3.3 */
  BREADTH_EXCEEDED = 440,
  LOOP_BYTES = 8,
  LOOP_LEN = 13
};

uint16_t sip_proxy_breadth(const sip_message *m) {
  const sip_header *h = sip_message_find(m, SIP_HEADER_MAX_BREADTH, 0);
  uint64_t breadth;
  if (!h || !sip_str_to_number(sip_message_value(m, h), BREADTH, &breadth)) return BREADTH;
  return (uint16_t)breadth;
}

static void add_values(const sip_message *m, sip_header_id id, sip_buffer *out) {
  const sip_header *h = sip_message_find(m, id, 0);
  for (; h; h = sip_message_find(m, id, (size_t)(h - m->headers) + 1)) {
    sip_buffer_add(out, sip_message_value(m, h));
    sip_buffer_add_char(out, '\n');
  }
}

/* Request-URI, Route, Proxy-Require and Proxy-Authorization decide where a request goes;
 * Call-ID, CSeq and From tag tell transactions apart (4.2.4). Nodes that share a key do not
 * go the same way with it: one hands it over to the other. */
void sip_proxy_loop_text(sip_engine *engine, const sip_message *m, char text[LOOP_LEN]) {
  sip_buffer *out = &engine->lines;
  sip_buffer_clear(out);
  sip_buffer_add(out, sip_message_span(m, m->uri_text));
  sip_buffer_add_char(out, '\n');
  add_values(m, SIP_HEADER_ROUTE, out);
  add_values(m, SIP_HEADER_PROXY_REQUIRE, out);
  add_values(m, SIP_HEADER_PROXY_AUTHORIZATION, out);
  sip_buffer_add(out, sip_message_span(m, m->call_id));
  sip_buffer_add_char(out, '\n');
  sip_buffer_add(out, sip_message_span(m, m->from_tag));
  sip_buffer_add_char(out, '\n');
  sip_buffer_add_number(out, m->cseq);
  sip_buffer_add(out, engine->config.owner);
  uint64_t hash = sip_hash(engine->route_key, sip_buffer_str(out));
  unsigned char bytes[LOOP_BYTES];
  for (int i = 0; i < LOOP_BYTES; i++) bytes[i] = (unsigned char)(hash >> (8 * i));
  sip_buffer written = {.ptr = text, .size = LOOP_LEN, .max = LOOP_LEN};
  sip_base32_write(bytes, LOOP_BYTES, &written);
  sip_buffer_clear(out);
}

static bool ends_with(sip_str text, sip_str end) {
  return text.len > end.len &&
         sip_str_equal(sip_str_make(text.ptr + text.len - end.len, end.len), end);
}

/* A branch of ours with the same second part (4.2.2). The hash has a key, so that nobody
 * else's branch ends so. */
static bool has_looped(sip_engine *engine, const sip_message *m) {
  if (m->header_count == 0 || !sip_forward_has_more_vias(m)) return false;
  char loop[LOOP_LEN];
  sip_proxy_loop_text(engine, m, loop);
  sip_value_cursor cursor = {0};
  sip_str value;
  while (sip_message_next_value(m, SIP_HEADER_VIA, &cursor, &value)) {
    sip_via via;
    sip_via_parse(value, &via); /* what is there of a malformed one is enough */
    if (ends_with(via.branch, sip_str_make(loop, LOOP_LEN))) return true;
  }
  return false;
}

/* 16.3 item 5; we understand no option that proxies would have to. */
static bool add_unsupported(const sip_message *m, sip_buffer *lines) {
  sip_value_cursor cursor = {0};
  sip_str token;
  bool any = false;
  while (sip_message_next_value(m, SIP_HEADER_PROXY_REQUIRE, &cursor, &token)) {
    if (token.len == 0) continue;
    sip_buffer_add(lines, any ? SIP_STR(", ") : SIP_STR("Unsupported: "));
    sip_buffer_add(lines, token);
    any = true;
  }
  if (any) SIP_BUFFER_ADD(lines, "\r\n");
  return any;
}

int sip_proxy_check(sip_engine *engine, const sip_message *m, sip_buffer *lines) {
  sip_uri uri;
  if (sip_message_request_uri(m, &uri) != 0 || uri.scheme == SIP_SCHEME_OTHER) return 416;
  if (m->max_forwards == 0) return 483;
  if (has_looped(engine, m)) return 482;
  if (sip_message_find(m, SIP_HEADER_PROXY_REQUIRE, 0) && add_unsupported(m, lines)) return 420;
  return sip_proxy_breadth(m) == 0 ? BREADTH_EXCEEDED : 0;
}

static bool read_routing(sip_engine *engine, sip_id transaction, sip_routing *out) {
  const sip_transaction *t = sip_slots_find(&engine->transactions, transaction);
  if (!t || sip_transaction_is_client(t) || !t->server.request) return false;
  sip_routing_read(engine, t->server.request->message, &t->server.request->flow, out);
  return true;
}

bool sip_engine_proxy_is_routed(sip_engine *engine, sip_id transaction) {
  sip_routing routing;
  return read_routing(engine, transaction, &routing) && routing.token.kind != SIP_ROUTE_NONE;
}

int sip_engine_proxy_check(sip_engine *engine, sip_id transaction, bool aimed, sip_buffer *lines) {
  const sip_transaction *t = sip_slots_find(&engine->transactions, transaction);
  if (!t || sip_transaction_is_client(t) || !t->server.request) return 0;
  sip_routing routing;
  if (aimed && sip_message_find(t->server.request->message, SIP_HEADER_ROUTE, 0) &&
      read_routing(engine, transaction, &routing) && sip_routing_left(&routing) > 0) {
    return 403;
  }
  return sip_proxy_check(engine, t->server.request->message, lines);
}
