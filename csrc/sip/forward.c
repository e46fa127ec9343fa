/* SPDX-License-Identifier: MIT
 *
 * Header lines of ours go to the top, in front of all of the same name; those that a
 * script sets to the end. Between them runs of received bytes are copied.
 */
#include "sip/forward.h"

#include "base/error.h"
#include "sip/dialog.h"
#include "sip/name_addr.h"
#include "sip/values.h"

enum { MAX_FORWARDS = 70 /* 16.6 item 3 */, LENGTH_LINE_MAX = 32, BREADTH_LEN_MAX = 2 };

/* --- Next hop ---------------------------------------------------------------------- */

static sip_str first_value(sip_str routes) {
  sip_str value = {0};
  sip_values_next(&routes, SIP_HEADER_ROUTE, true, &value);
  return value;
}

static bool is_loose(sip_str value) {
  sip_name_addr route;
  sip_str ignored;
  return sip_name_addr_parse(value, &route) == 0 &&
         sip_uri_param(&route.uri, SIP_STR("lr"), &ignored);
}

static sip_str request_uri(const sip_forward *f) {
  return f->uri.len ? f->uri : f->routing->uri;
}

int sip_forward_next_hop(const sip_forward *f, sip_hop *out) {
  *out = (sip_hop){.uri = f->via.len ? f->via : request_uri(f)};
  sip_str first = f->routes.len ? first_value(f->routes) : f->routing->next;
  if (f->via.len || first.len == 0) return 0;
  sip_name_addr route;
  if (sip_name_addr_parse(first, &route) != 0) return SIP_E_HEADER;
  out->uri = route.uri.text;
  out->strict = !is_loose(first);
  return 0;
}

/* --- Lines of ours ------------------------------------------------------------------ */

static void add_via(sip_engine *engine, const sip_forward *f, sip_buffer *out) {
  SIP_BUFFER_ADD(out, "Via: SIP/2.0/");
  sip_buffer_add(out, sip_transport_name(f->flow->transport));
  sip_buffer_add_char(out, ' ');
  sip_engine_write_own_host(engine, f->flow->listener, &f->flow->local, out);
  SIP_BUFFER_ADD(out, ";branch=");
  sip_buffer_add(out, f->branch);
  SIP_BUFFER_ADD(out, ";rport\r\n"); /* RFC 3581 3 */
}

/* What our URIs in Record-Route and Path have in common. */
typedef struct own_route {
  sip_str token;
  bool secure;
  bool ob;
} own_route;

/* "<sip:token@host:port;transport=tcp;lr>" of the listener of a flow. */
static void add_own_route(sip_engine *engine, const sip_flow *flow, const own_route *own,
                          sip_buffer *out) {
  sip_buffer_add(out, own->secure ? SIP_STR("<sips:") : SIP_STR("<sip:"));
  sip_buffer_add(out, own->token);
  sip_buffer_add_char(out, '@');
  sip_engine_write_own_host(engine, flow->listener, &flow->local, out);
  if (flow->transport != SIP_TRANSPORT_UDP) {
    SIP_BUFFER_ADD(out, ";transport=");
    sip_buffer_add(out, sip_transport_uri_name(flow->transport));
  }
  SIP_BUFFER_ADD(out, ";lr");
  if (own->ob) SIP_BUFFER_ADD(out, ";ob");
  sip_buffer_add_char(out, '>');
}

static bool next_contact(const sip_message *m, sip_value_cursor *cursor, sip_name_addr *contact) {
  sip_str value;
  return sip_message_next_value(m, SIP_HEADER_CONTACT, cursor, &value) &&
         sip_name_addr_parse(value, contact) == 0;
}

/* RFC 5626 5.1: its flow names the binding, and we are the first it came to. */
static bool registers_flow(const sip_forward *f) {
  sip_value_cursor cursor = {0};
  sip_name_addr contact;
  sip_param reg_id;
  if (f->stay != SIP_STAY_PATH || sip_forward_has_more_vias(f->request)) return false;
  while (next_contact(f->request, &cursor, &contact)) {
    if (sip_param_find(contact.params, SIP_STR("reg-id"), &reg_id)) return true;
  }
  return false;
}

/* It wants what follows in the dialog to come by the flow that this came by (RFC 5626 4.3). */
static bool wants_flow(const sip_message *m) {
  sip_value_cursor cursor = {0};
  sip_name_addr contact;
  sip_str ob;
  return next_contact(m, &cursor, &contact) && !contact.star &&
         sip_uri_param(&contact.uri, SIP_STR("ob"), &ob);
}

/* It comes to one who registered by a flow here, and begins a dialog: what follows has to come
 * by here too (RFC 5626 5.3.1). */
static bool follows_flow(const sip_forward *f) {
  const sip_message *m = f->request;
  return f->routing->token.has_ob && m->to_tag.len == 0 &&
         sip_method_refreshes_target((sip_method)m->method);
}

/* The caller is next to us, and its Via says another address than it has: its Contact
 * will do the same (RFC 3581, RFC 5626 5.3). Over a stream the connection is the best way. */
static bool needs_flow(const sip_forward *f) {
  const sip_message *m = f->request;
  if (sip_forward_has_more_vias(m) || sip_message_find(m, SIP_HEADER_RECORD_ROUTE, 0)) return false;
  if (sip_transport_is_reliable(f->source->transport) || wants_flow(m)) return true;
  sip_via via;
  sip_sockaddr said;
  if (sip_message_via(m, &via) != 0) return false;
  uint16_t port = via.port ? via.port : sip_transport_default_port(f->source->transport);
  return !sip_sockaddr_parse(via.host, port, &said) ||
         !sip_sockaddr_equal(&said, &f->source->remote);
}

/* That of the registration whose Path it came along: later requests need it too. */
static const sip_flow *flow_followed(const sip_forward *f) {
  const sip_flow *flow = &f->routing->token.flow;
  bool is_taken = flow->transport != SIP_TRANSPORT_NONE && flow->transport == f->flow->transport &&
                  sip_sockaddr_equal(&flow->remote, &f->flow->remote);
  return is_taken ? flow : NULL;
}

/* The token of a dialog stays the same for all of its requests. */
static void add_token(sip_engine *engine, const sip_forward *f, sip_buffer *out) {
  if (f->routing->token.kind == SIP_ROUTE_DIALOG) {
    sip_buffer_add(out, f->routing->token.text);
    return;
  }
  bool path = f->stay == SIP_STAY_PATH;
  bool by_flow = path || needs_flow(f);
  const sip_flow *callee = f->to_call ? f->to_call : flow_followed(f);
  sip_route_ends ends = {.kind = path ? SIP_ROUTE_PATH : SIP_ROUTE_DIALOG,
                         .request = f->request,
                         .caller = by_flow && !path ? f->source : NULL,
                         .callee = path ? f->source : callee};
  sip_route_token_write(engine, &ends, out);
}

static bool is_secure(sip_str uri) {
  return sip_str_starts_nocase(uri, SIP_STR("sips:"));
}

/* Two of them when it leaves by another transport or address than it came by (RFC 5658
 * 5): the upper one is for the far side, which sees it first. */
static void add_stay(sip_engine *engine, const sip_forward *f, const sip_hop *hop,
                     sip_buffer *out) {
  bool secure = is_secure(request_uri(f)) || is_secure(hop->uri);
  bool must = secure && f->source->transport != SIP_TRANSPORT_TLS; /* 16.6 item 4 */
  must = must || follows_flow(f);
  if (f->stay == SIP_STAY_NONE && !must) return;
  char text[SIP_OWN_ROUTE_MAX];
  sip_buffer token = {.ptr = text, .size = sizeof text, .max = sizeof text};
  add_token(engine, f, &token);
  if (token.failed) out->failed = true;
  sip_header_id id = f->stay == SIP_STAY_PATH ? SIP_HEADER_PATH : SIP_HEADER_RECORD_ROUTE;
  sip_buffer_add(out, sip_header_name(id));
  SIP_BUFFER_ADD(out, ": ");
  own_route own = {.token = sip_buffer_str(&token), .secure = secure, .ob = registers_flow(f)};
  add_own_route(engine, f->flow, &own, out);
  if (f->flow->listener != f->source->listener) {
    SIP_BUFFER_ADD(out, ", ");
    add_own_route(engine, f->source, &own, out);
  }
  SIP_BUFFER_ADD(out, "\r\n");
}

/* The values that go in front; a strict first one has become the Request-URI. */
static void add_routes(const sip_forward *f, const sip_hop *hop, sip_buffer *out) {
  sip_str routes = f->routes;
  if (routes.len == 0) return;
  if (hop->strict) {
    sip_str value;
    sip_values_next(&routes, SIP_HEADER_ROUTE, true, &value);
    routes = sip_str_trim(sip_str_make(routes.ptr + 1, routes.len ? routes.len - 1 : 0));
    if (routes.len == 0) return;
  }
  SIP_BUFFER_ADD(out, "Route: ");
  sip_buffer_add(out, routes);
  SIP_BUFFER_ADD(out, "\r\n");
}

static void add_number_line(sip_buffer *out, sip_header_id id, uint64_t number) {
  sip_buffer_add(out, sip_header_name(id));
  SIP_BUFFER_ADD(out, ": ");
  sip_buffer_add_number(out, number);
  SIP_BUFFER_ADD(out, "\r\n");
}

/* Request line and our lines, in engine->scratch; *head_at gets the place of the Via. */
static void write_head(sip_engine *engine, const sip_forward *f, const sip_hop *hop,
                       uint32_t *head_at) {
  const sip_message *m = f->request;
  sip_buffer *out = &engine->scratch;
  sip_buffer_clear(out);
  uint32_t uri_end = m->uri_text.at + m->uri_text.len;
  sip_buffer_add(out, sip_str_make(m->bytes, m->uri_text.at));
  sip_buffer_add(out, hop->strict ? hop->uri : request_uri(f));
  sip_buffer_add(out, sip_str_make(m->bytes + uri_end, m->headers[0].name_at - uri_end));
  *head_at = (uint32_t)out->len;
  add_via(engine, f, out);
  add_stay(engine, f, hop, out);
  add_routes(f, hop, out);
  if (m->max_forwards < 0) add_number_line(out, SIP_HEADER_MAX_FORWARDS, MAX_FORWARDS);
  if (!sip_message_find(m, SIP_HEADER_MAX_BREADTH, 0)) {
    add_number_line(out, SIP_HEADER_MAX_BREADTH, f->breadth);
  }
  bool stream = sip_transport_is_reliable(f->flow->transport);
  if (stream && !sip_message_find(m, SIP_HEADER_CONTENT_LENGTH, 0)) {
    add_number_line(out, SIP_HEADER_CONTENT_LENGTH, m->body_len);
  }
}

/* --- Lines that came ------------------------------------------------------------------- */

/* Copies what was received up to a place, and goes on behind it. */
typedef struct copier {
  const sip_message *message;
  sip_buffer *out;
  uint32_t at;
} copier;

static void keep(copier *c, uint32_t to) {
  sip_buffer_add(c->out, sip_str_make(c->message->bytes + c->at, to - c->at));
  c->at = to;
}

static uint32_t line_end(const sip_message *m, size_t index) {
  return index + 1U < m->header_count ? m->headers[index + 1].name_at : m->body_at - 2;
}

static void drop_line(copier *c, size_t index) {
  keep(c, c->message->headers[index].name_at);
  c->at = line_end(c->message, index);
}

static void put_number(copier *c, const sip_header *h, uint64_t number) {
  keep(c, h->value_at);
  sip_buffer_add_number(c->out, number);
  c->at = h->value_at + h->value_len;
}

/* A header of no known name among lines of a script. */
static bool names_unknown(const sip_lines *lines, sip_str name) {
  sip_str text = lines->text;
  while (text.len > 0) {
    size_t end = sip_str_index(text, '\n');
    sip_str line = sip_str_make(text.ptr, end);
    if (sip_str_equal_nocase(sip_str_make(line.ptr, sip_str_index(line, ':')), name)) return true;
    size_t skip = end < text.len ? end + 1 : end;
    text = sip_str_make(text.ptr + skip, text.len - skip);
  }
  return false;
}

static bool names(const sip_lines *lines, const sip_message *m, const sip_header *h) {
  if (!sip_lines_have(lines, (sip_header_id)h->id)) return false;
  return h->id != SIP_HEADER_UNKNOWN || names_unknown(lines, sip_message_header_name(m, h));
}

/* The values of one Route line that remain; `first` is the number of its first value. */
static uint32_t put_route_line(copier *c, const sip_forward *f, const sip_hop *hop, size_t index,
                               uint32_t first) {
  const sip_header *h = &c->message->headers[index];
  sip_str rest = sip_message_value(c->message, h), value;
  uint32_t number = first, kept = 0, lost = 0;
  bool strict = hop->strict && f->routes.len == 0;
  keep(c, h->value_at);
  size_t line_at = c->out->len - (h->value_at - h->name_at);
  for (bool is_first = true; sip_values_next(&rest, SIP_HEADER_ROUTE, is_first, &value);
       is_first = false, number++) {
    bool stays = sip_routing_keeps(f->routing, number) &&
                 !(strict && number == f->routing->own); /* it is the Request-URI now */
    if (!stays) {
      lost++;
      continue;
    }
    if (kept++ > 0) sip_buffer_add_char(c->out, ','); /* never longer than it was */
    sip_buffer_add(c->out, value);
  }
  if (lost == 0) { /* as it came, then */
    c->out->len = line_at + (h->value_at - h->name_at);
  } else if (kept > 0) {
    c->at = h->value_at + h->value_len;
  } else {
    c->out->len = line_at;
    c->at = line_end(c->message, index);
  }
  return number;
}

/* All header lines with their edits; the top Via's new value is given. */
static void copy_lines(copier *c, const sip_forward *f, const sip_hop *hop, sip_str top_via) {
  const sip_message *m = c->message;
  uint32_t route = 0;
  for (size_t i = 0; i < m->header_count; i++) {
    const sip_header *h = &m->headers[i];
    if (i == m->top_via) {
      keep(c, h->value_at);
      sip_buffer_add(c->out, top_via);
      c->at = m->via_end;
    } else if (h->id == SIP_HEADER_MAX_FORWARDS && m->max_forwards > 0) {
      put_number(c, h, (uint64_t)m->max_forwards - 1);
    } else if (h->id == SIP_HEADER_MAX_BREADTH) {
      put_number(c, h, f->breadth);
    } else if (h->id == SIP_HEADER_ROUTE &&
               (f->routing->own > 0 || f->routing->last_taken || hop->strict)) {
      route = put_route_line(c, f, hop, i, route);
    } else if (names(f->lines, m, h) || names(f->drop, m, h)) {
      drop_line(c, i);
    }
  }
  keep(c, m->body_at - 2);
}

/* Room for what of the request is copied: all but its start line and the top Via's value. A
 * Max-Breadth that is no number becomes one; nothing else ever grows. */
static size_t copied_len(const sip_message *m) {
  size_t via_len = m->via_end - m->headers[m->top_via].value_at;
  return m->len - m->headers[0].name_at - via_len + BREADTH_LEN_MAX;
}

sip_packet *sip_forward_request(sip_engine *engine, const sip_forward *f, uint32_t *head_at) {
  const sip_message *m = f->request;
  sip_hop hop;
  sip_via via;
  if (sip_forward_next_hop(f, &hop) != 0 || sip_message_via(m, &via) != 0) return NULL;
  sip_buffer *scratch = &engine->scratch;
  write_head(engine, f, &hop, head_at);
  size_t head = scratch->len;
  sip_via_write_received(&via, &f->source->remote, 0, scratch);
  if (scratch->failed) return NULL;
  sip_str uri = request_uri(f), lines = f->lines->text;
  size_t strict_len = hop.strict ? sizeof "Route: <>\r\n" + uri.len : 0;
  sip_packet *packet =
      sip_packet_new(&engine->alloc, copied_len(m) + scratch->len + lines.len + strict_len);
  if (!packet) return NULL;
  sip_buffer out = {.ptr = packet->bytes, .size = packet->len, .max = packet->len};
  sip_buffer_add(&out, sip_str_make(scratch->ptr, head));
  copier c = {.message = m, .out = &out, .at = m->headers[0].name_at};
  copy_lines(&c, f, &hop, sip_str_make(scratch->ptr + head, scratch->len - head));
  sip_buffer_add(&out, lines);
  if (hop.strict) { /* 16.6 item 6 */
    SIP_BUFFER_ADD(&out, "Route: <");
    sip_buffer_add(&out, uri);
    SIP_BUFFER_ADD(&out, ">\r\n");
  }
  keep(&c, m->len);
  sip_packet_trim(packet, out.len);
  if (!out.failed) return packet;
  sip_packet_release(packet);
  return NULL;
}

/* --- Responses -------------------------------------------------------------------------- */

/* Where the second value of the top Via's line begins, or 0. */
static uint32_t next_via_at(const sip_message *m) {
  const sip_header *h = &m->headers[m->top_via];
  uint32_t end = h->value_at + h->value_len, at = m->via_end;
  while (at < end && m->bytes[at] != ',') at++;
  if (at == end) return 0;
  for (at++;
       at < end && (sip_is_blank(m->bytes[at]) || m->bytes[at] == '\r' || m->bytes[at] == '\n');) {
    at++;
  }
  return at < end ? at : 0;
}

bool sip_forward_has_more_vias(const sip_message *m) {
  return next_via_at(m) || sip_message_find(m, SIP_HEADER_VIA, (size_t)m->top_via + 1);
}

sip_packet *sip_forward_response(sip_engine *engine, const sip_message *m, sip_str lines,
                                 bool stream) {
  bool lacks_length = stream && !sip_message_find(m, SIP_HEADER_CONTENT_LENGTH, 0);
  size_t more = lines.len + (lacks_length ? LENGTH_LINE_MAX : 0);
  const sip_header *via = &m->headers[m->top_via];
  uint32_t second = next_via_at(m);
  uint32_t from = second ? via->value_at : via->name_at;
  uint32_t to = second ? second : line_end(m, m->top_via);
  sip_packet *packet = sip_packet_new(&engine->alloc, m->len - (to - from) + more);
  if (!packet) return NULL;
  sip_buffer out = {.ptr = packet->bytes, .size = packet->len, .max = packet->len};
  copier c = {.message = m, .out = &out};
  keep(&c, from);
  c.at = to;
  keep(&c, m->body_at - 2);
  sip_buffer_add(&out, lines);
  if (lacks_length) add_number_line(&out, SIP_HEADER_CONTENT_LENGTH, m->body_len);
  keep(&c, m->len);
  sip_packet_trim(packet, out.len);
  return packet;
}
