/* SPDX-License-Identifier: MIT
 *
 * Forwarding without state (RFC 3261 16.11): ACKs, and what a script wants sent so. The
 * branch is a keyed hash of what every copy of the request has in common, so that copies
 * share it, and a response that brings it back proves itself.
 */
#include <string.h>

#include "base/base32.h"
#include "base/error.h"
#include "sip/client.h"
#include "sip/node.h"
#include "sip/proxy.h"
#include "sip/server.h"

enum { MARK = 'z', PROOF_BYTES = 8, MTU_MARGIN = 200 /* 18.1.1 */ };

/* Of a peer that knows the magic cookie its branch is enough; else what tells transactions
 * apart and responses have too. Hashed with the sent-by of the same Via. */
static uint64_t proof_of(sip_engine *engine, const sip_message *m, sip_str branch,
                         sip_str sent_by) {
  sip_buffer *out = &engine->lines;
  sip_buffer_clear(out);
  SIP_BUFFER_ADD(out, "S");
  if (sip_branch_is_rfc3261(branch)) {
    sip_buffer_add(out, branch);
  } else {
    sip_buffer_add(out, sip_message_span(m, m->call_id));
    sip_buffer_add_char(out, '\n');
    sip_buffer_add(out, sip_message_span(m, m->from_tag));
    sip_buffer_add_char(out, '\n');
    sip_buffer_add_number(out, m->cseq);
  }
  sip_buffer_add_char(out, '\n');
  sip_buffer_add(out, sent_by);
  return sip_hash(engine->route_key, sip_buffer_str(out));
}

static size_t write_branch(const sip_engine *engine, uint64_t proof, char *out) {
  sip_buffer text = {.ptr = out, .size = SIP_STATELESS_BRANCH_MAX, .max = SIP_STATELESS_BRANCH_MAX};
  unsigned char bytes[PROOF_BYTES];
  for (int i = 0; i < PROOF_BYTES; i++) bytes[i] = (unsigned char)(proof >> (8 * i));
  SIP_BUFFER_ADD(&text, SIP_BRANCH_COOKIE);
  sip_buffer_add(&text, engine->config.owner);
  sip_buffer_add_char(&text, MARK);
  sip_base32_write(bytes, PROOF_BYTES, &text);
  return text.len;
}

size_t sip_proxy_stateless_branch(sip_engine *engine, const sip_message *m, char *out) {
  sip_str branch = sip_message_span(m, m->branch), sent_by = sip_message_span(m, m->sent_by);
  return write_branch(engine, proof_of(engine, m, branch, sent_by), out);
}

/* --- Requests ------------------------------------------------------------------------- */

/* Where the flow of a token leads to. */
static bool is_last_hop(const sip_forward *f) {
  return f->uri.len == 0 && f->via.len == 0 && f->routes.len == 0 &&
         sip_routing_left(f->routing) == 0;
}

/* The flow to leave by, when nobody has to be asked for it. */
static bool find_flow(sip_engine *engine, const sip_forward *f, const sip_proxy_target *target,
                      sip_flow *out) {
  const sip_flow *given = target->flow;
  const sip_route_token *token = &f->routing->token;
  bool by_token = is_last_hop(f) && token->flow.transport != SIP_TRANSPORT_NONE;
  if (!given && by_token) given = &token->flow;
  if (given) {
    *out = *given;
    return sip_engine_local_for(engine, out->listener, &out->remote, &out->local);
  }
  sip_hop hop;
  *out = (sip_flow){.listener = f->routing->listener};
  return sip_forward_next_hop(f, &hop) == 0 &&
         sip_client_way(engine, hop.uri, target->transport, out);
}

static bool is_small(const sip_engine *engine, const sip_packet *packet, const sip_flow *flow) {
  return sip_transport_is_reliable(flow->transport) ||
         packet->len + MTU_MARGIN <= engine->config.mtu;
}

/* True when it is on its way. */
static bool send_at_once(sip_engine *engine, const sip_forward *f, const sip_proxy_target *target) {
  sip_forward forward = *f;
  sip_flow flow;
  char branch[SIP_STATELESS_BRANCH_MAX];
  uint32_t head_at;
  if (!find_flow(engine, f, target, &flow)) return false;
  forward.flow = &flow;
  forward.branch = sip_str_make(branch, sip_proxy_stateless_branch(engine, f->request, branch));
  sip_packet *packet = sip_forward_request(engine, &forward, &head_at);
  if (!packet) return false;
  if (!is_small(engine, packet, &flow)) {
    sip_packet_release(packet);
    return false;
  }
  sip_engine_push_packet(engine, &(sip_outgoing){.packet = packet, .flow = flow});
  return true;
}

/* By a branch that is forgotten when its request is sent: a name is to be looked up, or it
 * is too large for UDP. */
static int send_later(sip_engine *engine, sip_kept *kept, const sip_proxy_target *target,
                      uint8_t stay) {
  sip_proxy *proxy;
  uint32_t number = 0;
  int error = sip_proxy_open(engine, NULL, kept, &proxy);
  if (error) return error;
  proxy->answered = true; /* nobody waits for what comes of it */
  proxy->stay = stay;
  error = sip_proxy_add(engine, proxy, target, &number);
  sip_proxy_enter(proxy);
  sip_branch *branch = sip_proxy_branch(proxy, number);
  if (branch) {
    branch->once = true;
    branch->breadth = proxy->breadth_in;
    sip_branch_drive(engine, branch, &(sip_branch_cause){.input = SIP_BRANCH_IN_BEGIN});
  }
  sip_proxy_leave(engine, proxy);
  return error;
}

int sip_proxy_send_once(sip_engine *engine, const sip_message *m, const sip_flow *flow,
                        const sip_proxy_target *target, uint8_t stay) {
  sip_routing routing;
  sip_lines lines, drop;
  sip_routing_read(engine, m, flow, &routing);
  int error = sip_proxy_check_target(target);
  if (error) return error;
  sip_lines_scan(target->headers, &lines);
  sip_lines_scan(target->drop, &drop);
  sip_forward forward = {.request = m,
                         .source = flow,
                         .routing = &routing,
                         .uri = target->uri,
                         .via = target->via,
                         .routes = target->routes,
                         .lines = &lines,
                         .drop = &drop,
                         .breadth = sip_proxy_breadth(m),
                         .stay = stay,
                         .to_call = target->flow};
  char text[SIP_OWN_ROUTE_MAX];
  if (routing.token.holder && !target->flow && is_last_hop(&forward)) {
    sip_buffer route = {.ptr = text, .size = sizeof text, .max = sizeof text};
    sip_node_write_route(routing.token.holder, routing.token.text, &route);
    forward.routes = sip_buffer_str(&route);
  }
  if (send_at_once(engine, &forward, target)) return 0;
  sip_kept *kept = sip_kept_new(engine, m, flow);
  if (!kept) return SIP_E_MEMORY;
  error = send_later(engine, kept, target, stay);
  sip_kept_release(engine, kept);
  return error;
}

int sip_engine_proxy_stateless(sip_engine *engine, sip_time now, sip_id transaction,
                               const sip_proxy_target *target, const sip_proxy_wish *wish) {
  engine->now = now;
  if (!sip_engine_reserve(engine)) return SIP_E_MEMORY;
  if (transaction == 0) { /* an ACK or a CANCEL that met nothing */
    if (!wish->message || !wish->flow) return SIP_E_INVALID;
    return sip_proxy_send_once(engine, wish->message, wish->flow, target, wish->stay);
  }
  sip_transaction *t = sip_slots_find(&engine->transactions, transaction);
  if (!t || sip_transaction_is_client(t)) return SIP_E_GONE;
  bool untouched = t->server.request && !t->server.proxy && t->status == 0 && !t->dialog;
  if (!untouched) return SIP_E_STATE;
  sip_kept *kept = t->server.request;
  const sip_message *m = wish->message ? wish->message : kept->message;
  int error = sip_proxy_send_once(engine, m, &kept->flow, target, wish->stay);
  if (!error) sip_transaction_free(engine, t);
  return error;
}

/* --- Responses -------------------------------------------------------------------------- */

static bool second_via(const sip_message *m, sip_via *out) {
  sip_value_cursor cursor = {0};
  sip_str value;
  return sip_message_next_value(m, SIP_HEADER_VIA, &cursor, &value) &&
         sip_message_next_value(m, SIP_HEADER_VIA, &cursor, &value) &&
         sip_via_parse(value, out) == 0;
}

/* Where the Via behind ours leads; we wrote its received. */
static bool flow_of(sip_engine *engine, const sip_via *via, sip_flow *out) {
  sip_str host;
  *out = (sip_flow){.transport = via->transport};
  if (!sip_via_response_target(via, &out->remote, &host)) return false;
  out->listener = sip_engine_find_listener(engine, via->transport, out->remote.family);
  /* Where no address of ours is known to lead there, the system chooses one. */
  if (!sip_engine_local_for(engine, out->listener, &out->remote, &out->local)) {
    out->local = (sip_sockaddr){0};
  }
  return out->listener != 0;
}

void sip_proxy_send_back(sip_engine *engine, const sip_message *m, const sip_flow *flow) {
  sip_via via;
  sip_outgoing out = {0};
  if (!second_via(m, &via)) return;
  if (flow) {
    out.flow = *flow;
  } else if (!flow_of(engine, &via, &out.flow)) {
    return;
  }
  bool stream = sip_transport_is_reliable(out.flow.transport);
  out.packet = sip_forward_response(engine, m, (sip_str){0}, stream);
  if (out.packet) sip_engine_push_packet(engine, &out);
}

bool sip_proxy_pass_response(sip_engine *engine, const sip_message *m) {
  sip_via via;
  char branch[SIP_STATELESS_BRANCH_MAX];
  sip_str came = sip_message_span(m, m->branch);
  size_t mark = sizeof SIP_BRANCH_COOKIE - 1 + engine->config.owner.len;
  if (came.len <= mark || came.ptr[mark] != MARK || !second_via(m, &via)) return false;
  size_t len = write_branch(engine, proof_of(engine, m, via.branch, via.sent_by), branch);
  if (!sip_str_equal(came, sip_str_make(branch, len))) return false;
  sip_proxy_send_back(engine, m, NULL);
  return true;
}
