/* SPDX-License-Identifier: MIT
 *
 * Between nodes that share a secret. A binding whose flow one of them has is found by all;
 * what goes there comes to him with a token of that flow, and goes on without a script. What
 * reaches a node and is another's, by the name in its tag or branch, is handed over. A name
 * proves nothing, so that this never leads anywhere but to a node, which has it or has not.
 */
#include "base/error.h"
#include "sip/client.h"
#include "sip/node.h"
#include "sip/proxy.h"

/* We are the only way to that end: later requests of a dialog have to come by here too. */
bool sip_proxy_route_flow(sip_engine *engine, const sip_message *m, const sip_flow *flow) {
  if (engine->node_count == 0 || !sip_message_find(m, SIP_HEADER_ROUTE, 0)) return false;
  sip_routing routing;
  sip_routing_read(engine, m, flow, &routing);
  if (routing.token.kind != SIP_ROUTE_FLOW) return false;
  sip_proxy_pass(engine, m, flow, &(sip_proxy_target){0}, SIP_STAY_RECORD_ROUTE);
  return true;
}

bool sip_proxy_hand_over(sip_engine *engine, const sip_message *m, const sip_flow *flow) {
  const sip_node *node = sip_node_that_minted(engine, sip_message_span(m, m->to_tag));
  if (!node) return false;
  char text[SIP_OWN_ROUTE_MAX];
  sip_buffer uri = {.ptr = text, .size = sizeof text, .max = sizeof text};
  sip_node_write_uri(node, &uri);
  sip_proxy_target target = {.via = sip_buffer_str(&uri)};
  if (m->method != SIP_METHOD_ACK) {
    sip_proxy_pass(engine, m, flow, &target, SIP_STAY_NONE);
  } else if (m->max_forwards != 0) {
    sip_proxy_send_once(engine, m, flow, &target, SIP_STAY_NONE);
  }
  return true;
}

static sip_str without_cookie(sip_str branch) {
  size_t cookie = sizeof SIP_BRANCH_COOKIE - 1;
  if (!sip_branch_is_rfc3261(branch)) return (sip_str){0};
  return sip_str_make(branch.ptr + cookie, branch.len - cookie);
}

/* As it came: its first Via is that of the other node. */
bool sip_proxy_hand_over_response(sip_engine *engine, const sip_message *m) {
  sip_str branch = without_cookie(sip_message_span(m, m->branch));
  const sip_node *node = sip_node_that_minted(engine, branch);
  if (!node) return false;
  char text[SIP_OWN_ROUTE_MAX];
  sip_buffer uri = {.ptr = text, .size = sizeof text, .max = sizeof text};
  sip_node_write_uri(node, &uri);
  sip_outgoing out = {0};
  if (!sip_client_way(engine, sip_buffer_str(&uri), SIP_TRANSPORT_NONE, &out.flow)) return false;
  out.packet = sip_packet_copy(&engine->alloc, sip_str_make(m->bytes, m->len));
  if (out.packet) sip_engine_push_packet(engine, &out);
  return true;
}

static bool waits_for(const sip_transaction *t, const sip_node *node) {
  if (!sip_transaction_is_client(t) || !(t->flags & SIP_TRANSACTION_PROXIED)) return false;
  const sip_branch *branch = t->client.branch;
  return branch && branch->state == SIP_BRANCH_TRYING && sip_branch_goes_to_holder(branch) &&
         branch->proxy->routing.token.holder == node;
}

void sip_proxy_node_is_down(sip_engine *engine, const sip_node *node) {
  size_t cursor = 0;
  sip_transaction *t;
  while ((t = sip_slots_next(&engine->transactions, &cursor))) {
    if (!waits_for(t, node)) continue;
    if (!sip_engine_reserve(engine)) return; /* then it is found out by Timers B and F */
    sip_transaction_fail(engine, t, SIP_E_TRANSPORT);
  }
}
