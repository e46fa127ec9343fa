/* SPDX-License-Identifier: MIT
 *
 * The client transaction of a branch: opened towards its next hop (RFC 3261 16.6 items 7
 * to 10), and moved to the next server of that name when one is silent or overloaded.
 */
#include <string.h>

#include "base/error.h"
#include "sip/client.h"
#include "sip/proxy.h"

static sip_transaction *transaction_new(sip_engine *engine, sip_branch *branch) {
  const sip_proxy *proxy = branch->proxy;
  const sip_message *m = proxy->request->message;
  bool invite = m->method == SIP_METHOD_INVITE;
  char once[SIP_STATELESS_BRANCH_MAX];
  size_t first = sip_client_branch_len(engine);
  size_t len =
      branch->once ? sip_proxy_stateless_branch(engine, m, once) : first + sizeof proxy->loop;
  sip_transaction *t =
      sip_transaction_new(engine, invite ? SIP_CLIENT_INVITE : SIP_CLIENT_OTHER, len);
  if (!t) return NULL;
  t->state = invite ? SIP_STATE_CALLING : SIP_STATE_TRYING;
  t->method = m->method;
  t->flags = SIP_TRANSACTION_PROXIED;
  if (branch->once) {
    t->flags |= SIP_TRANSACTION_ONCE;
    memcpy(t->key, once, len);
  } else {
    sip_client_mint_branch(engine, t);
    memcpy(t->key + first, proxy->loop, sizeof proxy->loop);
  }
  t->listener = proxy->routing.listener;
  t->client.branch = branch;
  branch->transaction = t;
  branch->proxy->live++;
  sip_client_register(engine, t);
  sip_transaction_start_limit(engine, t);
  return t;
}

/* By the flow that leads to it: also a large request stays on UDP then. */
static int send_by_flow(sip_engine *engine, sip_transaction *t, const sip_flow *flow) {
  sip_target target = {.transport = flow->transport, .address = flow->remote, .local = flow->local};
  t->flags |= SIP_TRANSACTION_STAY_UDP;
  t->flow.connection = flow->connection;
  t->listener = flow->listener;
  return sip_client_send_to(engine, t, &target);
}

/* The token of a dialog knows a flow for its last hop only. */
static bool is_last_hop(const sip_branch *branch) {
  return branch->uri.len == 0 && branch->via.len == 0 && branch->routes.len == 0 &&
         sip_routing_left(&branch->proxy->routing) == 0;
}

bool sip_branch_goes_to_holder(const sip_branch *branch) {
  return branch->proxy->routing.token.holder && !branch->holder_failed && !branch->by_flow &&
         is_last_hop(branch);
}

static bool take_token_flow(sip_branch *branch) {
  const sip_routing *routing = &branch->proxy->routing;
  bool leads = routing->token.flow.transport != SIP_TRANSPORT_NONE;
  if (!leads || branch->flow_failed || !is_last_hop(branch)) return false;
  branch->flow = routing->token.flow;
  return true;
}

static int send(sip_engine *engine, sip_branch *branch, sip_transaction *t, const sip_hop *hop) {
  bool by_flow = branch->by_flow || (!sip_branch_goes_to_holder(branch) && take_token_flow(branch));
  if (by_flow) return send_by_flow(engine, t, &branch->flow);
  return sip_client_ask_or_send(engine, t, hop->uri, (sip_transport)branch->transport);
}

/* Takes it away from its branch, whom its end is no news to. */
static void discard(sip_engine *engine, sip_branch *branch, sip_transaction *t) {
  branch->transaction = NULL;
  branch->proxy->live--;
  t->client.branch = NULL;
  sip_transaction_free(engine, t);
}

int sip_branch_open(sip_engine *engine, sip_branch *branch) {
  sip_branch_forward parts;
  sip_hop hop;
  sip_branch_forward_of(branch, &parts);
  int error = sip_forward_next_hop(&parts.forward, &hop);
  if (error) return error;
  sip_transaction *t = transaction_new(engine, branch);
  if (!t) return SIP_E_LIMIT;
  error = send(engine, branch, t, &hop);
  if (error || sip_client_is_sent_once(t)) discard(engine, branch, t);
  return error;
}

bool sip_branch_move(sip_engine *engine, sip_transaction *from) {
  sip_branch *branch = from->client.branch;
  if (!branch || from->client.target_next >= from->client.target_count) return false;
  branch->transaction = NULL;
  branch->proxy->live--;
  sip_transaction *t = transaction_new(engine, branch);
  if (t) {
    from->client.branch = NULL;
    t->client.targets = from->client.targets;
    t->client.target_count = from->client.target_count;
    t->client.target_next = from->client.target_next;
    from->client.targets = NULL;
    from->client.target_count = from->client.target_next = 0;
    if (sip_client_send_to_next(engine, t, SIP_E_TRANSPORT) == 0) return true;
    discard(engine, branch, t);
  }
  from->client.branch = branch;
  branch->transaction = from;
  branch->proxy->live++;
  return false;
}
