/* SPDX-License-Identifier: MIT
 *
 * A Route value is ours when its token proves it, so that engines that share a secret
 * take each other's, or when it names an address or a domain of ours.
 */
#include "sip/routing.h"

#include "sip/name_addr.h"

static bool next_route(const sip_message *m, sip_value_cursor *cursor, sip_str *value) {
  return sip_message_next_value(m, SIP_HEADER_ROUTE, cursor, value);
}

/* The token that a URI of ours carries, when it proves something. */
static bool read_token(sip_engine *engine, const sip_uri *uri, const sip_message *m,
                       sip_route_token *out) {
  if (uri->user.len == 0) return false;
  sip_route_token token;
  sip_route_token_read(engine, uri->user, m, &token);
  if (token.kind == SIP_ROUTE_NONE) return false;
  sip_str ob;
  token.has_ob = token.kind == SIP_ROUTE_PATH && sip_uri_param(uri, SIP_STR("ob"), &ob);
  *out = token;
  return true;
}

static bool is_ours(sip_engine *engine, sip_str value, const sip_message *m, const sip_flow *flow,
                    sip_routing *out) {
  sip_name_addr route;
  if (sip_name_addr_parse(value, &route) != 0) return false;
  bool proves = read_token(engine, &route.uri, m, &out->token);
  if (!proves && !sip_engine_is_own(engine, &route.uri, flow)) return false;
  /* Of two of ours the second is of the listener that the other side sees (RFC 5658). */
  if (out->own > 0) out->listener = sip_engine_listener_at(engine, &route.uri, flow);
  return true;
}

static bool has_lr(const sip_uri *uri) {
  sip_str ignored;
  return sip_uri_param(uri, SIP_STR("lr"), &ignored);
}

/* 16.4: a strict router put our URI into the Request-URI, and what stood there is the
 * last Route. Only ours have the lr of a Record-Route there. */
static bool is_from_strict_router(sip_engine *engine, const sip_uri *uri, const sip_message *m,
                                  const sip_flow *flow, sip_route_token *token) {
  if (!has_lr(uri)) return false;
  return read_token(engine, uri, m, token) || sip_engine_is_own(engine, uri, flow);
}

/* 16.4: a maddr that names us, with the port and transport that the request came by, is
 * as if it were absent, and they with it. */
static sip_str without_own_maddr(sip_engine *engine, const sip_uri *uri, const sip_flow *flow) {
  sip_str maddr;
  if (!sip_uri_param(uri, SIP_STR("maddr"), &maddr) || maddr.len == 0) return uri->text;
  sip_transport wanted = sip_uri_transport(uri);
  sip_uri at_maddr = *uri;
  at_maddr.host = maddr;
  bool same_way = wanted == SIP_TRANSPORT_NONE || wanted == flow->transport;
  if (!same_way || !sip_engine_is_own(engine, &at_maddr, flow)) return uri->text;
  sip_buffer *out = &engine->route_uri;
  sip_buffer_clear(out);
  sip_buffer_add(out, sip_str_between(uri->text.ptr, uri->host.ptr + uri->host.len));
  sip_str rest = uri->params;
  sip_param param;
  while (sip_uri_param_next(&rest, &param)) {
    if (sip_escaped_equal(param.name, SIP_STR("maddr"), false)) continue;
    if (sip_escaped_equal(param.name, SIP_STR("transport"), false)) continue;
    sip_buffer_add_char(out, ';');
    sip_buffer_add(out, sip_str_between(param.name.ptr, rest.ptr));
  }
  return out->failed ? uri->text : sip_buffer_str(out);
}

static sip_str last_route_uri(const sip_message *m) {
  sip_value_cursor cursor = {0};
  sip_str value, last = {0};
  while (next_route(m, &cursor, &value)) last = value;
  sip_name_addr route;
  return sip_name_addr_parse(last, &route) == 0 ? route.uri.text : (sip_str){0};
}

/* The Request-URI that counts, and whether it was the last Route. */
static void read_uri(sip_engine *engine, const sip_message *m, const sip_flow *flow,
                     sip_routing *out) {
  sip_uri uri;
  out->uri = sip_message_span(m, m->uri_text);
  if (sip_uri_parse(out->uri, &uri, NULL) != 0 || uri.params.len == 0) return;
  if (out->count > 0 && is_from_strict_router(engine, &uri, m, flow, &out->token)) {
    sip_str last = last_route_uri(m);
    if (last.len == 0) return;
    out->uri = last;
    out->last_taken = true;
  } else {
    out->uri = without_own_maddr(engine, &uri, flow);
  }
}

static void read_routes(sip_engine *engine, const sip_message *m, const sip_flow *flow,
                        sip_routing *out) {
  sip_value_cursor cursor = {0};
  sip_str value;
  uint32_t end = out->count - (out->last_taken ? 1 : 0);
  for (uint32_t i = 0; i < end && next_route(m, &cursor, &value); i++) {
    if (!is_ours(engine, value, m, flow, out)) {
      out->next = value;
      return;
    }
    out->own++;
  }
}

void sip_routing_read(sip_engine *engine, const sip_message *m, const sip_flow *flow,
                      sip_routing *out) {
  *out = (sip_routing){0};
  sip_value_cursor cursor = {0};
  sip_str value;
  if (sip_message_find(m, SIP_HEADER_ROUTE, 0)) {
    while (next_route(m, &cursor, &value)) out->count++;
  }
  read_uri(engine, m, flow, out);
  if (out->count > 0) read_routes(engine, m, flow, out);
}
