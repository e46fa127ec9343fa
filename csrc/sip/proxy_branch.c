/* SPDX-License-Identifier: MIT
 *
 * One branch: carries out what the table says, between a client transaction and the
 * server's.
 */
#include "sip/client.h"
#include "sip/node.h"
#include "sip/proxy.h"
#include "sip/server.h"

#include "base/error.h"

enum { FLOW_FAILED = 430, SILENCE = 408 }; /* RFC 5626 11.6 */

static bool is_pending(sip_branch_state state) {
  return state == SIP_BRANCH_TRYING || state == SIP_BRANCH_RINGING ||
         state == SIP_BRANCH_CANCELLING;
}

void sip_branch_free(sip_engine *engine, sip_branch *branch) {
  sip_timer_stop(&engine->wheel, &branch->timeout);
  if (branch->transaction) branch->transaction->client.branch = NULL;
  sip_link_remove(&branch->link);
  sip_alloc_free(&engine->alloc, branch, sizeof *branch + branch->text_room);
}

/* --- What the table does ----------------------------------------------------------------- */

static void drop_transaction(sip_branch *branch) {
  if (!branch->transaction) return;
  branch->transaction->client.branch = NULL;
  branch->transaction = NULL;
  branch->proxy->live--;
}

static void send(sip_engine *engine, sip_branch *branch) {
  branch->status = 0;
  if (branch->timeout_ms) {
    sip_timer_start(&engine->wheel, &branch->timeout, engine->now + branch->timeout_ms);
  }
  int error = sip_branch_open(engine, branch);
  if (!error) return;
  int status = error == SIP_E_URI || error == SIP_E_HEADER ? 416 : 503;
  sip_branch_cause cause = {.input = SIP_BRANCH_IN_LOSE, .status = status};
  sip_branch_drive(engine, branch, &cause);
}

/* The outcome that a script waits for. */
static void tell_accepted(sip_engine *engine, const sip_proxy *proxy, const sip_branch *branch,
                          const sip_branch_cause *cause) {
  sip_event event = {.kind = SIP_EVENT_PROXIED,
                     .transaction = proxy->server->id,
                     .branch = branch->number,
                     .code = cause->status,
                     .flow = *cause->flow};
  sip_engine_push_event(engine, &event, sip_kept_new(engine, cause->response, cause->flow));
}

/* The server's transaction is over, the branch's is not: a 2xx to an INVITE goes back without
 * state (16.7 item 9). */
static void forward_late(sip_engine *engine, const sip_proxy *proxy, const sip_message *m) {
  if (m->method != SIP_METHOD_INVITE || m->status / 100 != 2) return;
  sip_proxy_send_back(engine, m, proxy->request ? &proxy->request->flow : NULL);
}

/* 16.7 items 5, 9. What the server's machine has no arrow for is dropped, but for a 2xx to
 * an INVITE that has failed upstream: that goes back all the same. */
static void forward(sip_engine *engine, sip_branch *branch, const sip_branch_cause *cause) {
  sip_proxy *proxy = branch->proxy;
  sip_transaction *server = proxy->server;
  if (!cause->response || !cause->flow) return;
  if (!server) {
    forward_late(engine, proxy, cause->response);
    return;
  }
  bool provisional = cause->status < 200;
  sip_input input = provisional ? SIP_INPUT_SEND_1XX : SIP_INPUT_SEND_2XX;
  sip_arrow arrow = sip_transaction_arrow(server->machine, server->state, input);
  bool late = !provisional && server->machine == SIP_SERVER_INVITE;
  if (arrow.next == SIP_STATE_NONE && !late) return;
  bool stream = sip_transport_is_reliable(server->flow.transport);
  sip_packet *packet = sip_forward_response(engine, cause->response, (sip_str){0}, stream);
  if (!packet) return; /* as if the network had lost it: the next copy comes */
  if (arrow.next == SIP_STATE_NONE) {
    sip_engine_push_packet(
        engine,
        &(sip_outgoing){.packet = packet, .flow = server->flow, .fallback = server->fallback});
    return;
  }
  bool first = !provisional && !proxy->answered;
  if (!provisional) proxy->answered = proxy->accepted = true;
  sip_server_send(engine, server, packet, cause->status);
  if (!first) return;
  if (!proxy->finish || proxy->watch) tell_accepted(engine, proxy, branch, cause);
  proxy->started = false;
}

static void tell(sip_engine *engine, const sip_branch *branch, const sip_branch_cause *cause) {
  const sip_proxy *proxy = branch->proxy;
  if (!proxy->watch || !proxy->server) return;
  sip_event event = {.kind = SIP_EVENT_BRANCH,
                     .transaction = proxy->server->id,
                     .branch = branch->number,
                     .code = branch->status};
  sip_kept *kept = NULL;
  if (cause->response) {
    kept = sip_kept_new(engine, cause->response, cause->flow);
    event.flow = *cause->flow;
  }
  sip_engine_push_event(engine, &event, kept);
}

/* "Reason: SIP;cause=200" to those who ring elsewhere (RFC 3326 3.1). */
static void stop_others(sip_engine *engine, sip_branch *branch) {
  sip_str reason = SIP_STR("Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n");
  sip_branch_cancel_all(engine, branch->proxy, branch, reason);
}

/* An INVITE is cancelled; of another request only the waiting ends. */
static void stop(sip_engine *engine, sip_branch *branch, const sip_branch_cause *cause) {
  sip_transaction *t = branch->transaction;
  if (!t) return;
  if (t->machine == SIP_CLIENT_INVITE) {
    sip_engine_cancel(engine, engine->now, t->id, cause->headers);
  } else if (cause->input == SIP_BRANCH_IN_LATE) {
    drop_transaction(branch);
    sip_transaction_free(engine, t);
  }
}

static void act(sip_engine *engine, sip_branch *branch, uint8_t actions,
                const sip_branch_cause *cause) {
  if (actions & SIP_BRANCH_DO_TELL) tell(engine, branch, cause);
  if (actions & SIP_BRANCH_DO_FORWARD) forward(engine, branch, cause);
  if (actions & SIP_BRANCH_DO_END_EARLY) sip_proxy_end_early(engine, branch->proxy, cause);
  if (actions & SIP_BRANCH_DO_COUNT && !cause->spent) {
    sip_proxy_count(engine, branch->proxy, branch, cause);
  }
  if (actions & SIP_BRANCH_DO_STOP_OTHERS) stop_others(engine, branch);
  if (actions & SIP_BRANCH_DO_STOP) stop(engine, branch, cause);
  if (actions & SIP_BRANCH_DO_SEND) send(engine, branch);
}

/* Another flow to the same device may do better (RFC 5626 7), as long as it has not answered. */
static bool has_flow_failed(sip_branch_state before, const sip_branch *branch) {
  bool is_over = branch->state == SIP_BRANCH_FAILED || branch->state == SIP_BRANCH_GIVEN_UP;
  return before == SIP_BRANCH_TRYING && is_over &&
         (branch->status == FLOW_FAILED || branch->status == SILENCE);
}

void sip_branch_drive(sip_engine *engine, sip_branch *branch, const sip_branch_cause *cause) {
  sip_branch_arrow arrow = sip_branch_arrow_of((sip_branch_state)branch->state, cause->input);
  if (!arrow.exists) return;
  sip_proxy *proxy = branch->proxy;
  sip_branch_state before = (sip_branch_state)branch->state;
  bool was_pending = is_pending(before);
  branch->state = arrow.next;
  bool now_pending = is_pending((sip_branch_state)branch->state);
  if (cause->status) branch->status = (uint16_t)cause->status;
  if (has_flow_failed(before, branch)) sip_proxy_use_spare(proxy, branch);
  if (now_pending && !was_pending) {
    proxy->pending++;
    proxy->breadth_out = (uint16_t)(proxy->breadth_out + branch->breadth);
  } else if (was_pending && !now_pending) {
    proxy->pending--;
    proxy->breadth_out = (uint16_t)(proxy->breadth_out - branch->breadth);
    sip_timer_stop(&engine->wheel, &branch->timeout);
  }
  act(engine, branch, arrow.actions, cause);
}

void sip_branch_cancel_all(sip_engine *engine, sip_proxy *proxy, const sip_branch *but,
                           sip_str headers) {
  sip_branch_cause cause = {.input = SIP_BRANCH_IN_CANCEL, .headers = headers};
  for (sip_link *link = proxy->branches.next; link != &proxy->branches; link = link->next) {
    sip_branch *branch = SIP_CONTAINER(link, sip_branch, link);
    if (branch != but) sip_branch_drive(engine, branch, &cause);
  }
}

void sip_branch_expire(sip_engine *engine, sip_branch *branch) {
  sip_proxy *proxy = branch->proxy;
  sip_proxy_enter(proxy);
  sip_branch_cause cause = {.input = SIP_BRANCH_IN_LATE, .status = 408};
  sip_branch_drive(engine, branch, &cause);
  sip_proxy_leave(engine, proxy);
}

/* --- Its client transaction --------------------------------------------------------------- */

void sip_branch_forward_of(const sip_branch *branch, sip_branch_forward *out) {
  const sip_proxy *proxy = branch->proxy;
  out->forward = (sip_forward){.request = proxy->request->message,
                               .source = &proxy->request->flow,
                               .routing = &proxy->routing,
                               .uri = sip_branch_text(branch, branch->uri),
                               .via = sip_branch_text(branch, branch->via),
                               .routes = sip_branch_text(branch, branch->routes),
                               .lines = &out->lines,
                               .drop = &out->drop,
                               .breadth = branch->breadth,
                               .stay = proxy->stay,
                               .to_call = branch->by_flow ? &branch->flow : NULL};
  if (sip_branch_goes_to_holder(branch)) {
    const sip_route_token *token = &proxy->routing.token;
    sip_buffer route = {.ptr = out->route, .size = sizeof out->route, .max = sizeof out->route};
    sip_node_write_route(token->holder, token->text, &route);
    out->forward.routes = sip_buffer_str(&route);
  }
  sip_lines_scan(sip_branch_text(branch, branch->headers), &out->lines);
  sip_lines_scan(sip_branch_text(branch, branch->drop), &out->drop);
}

sip_packet *sip_branch_write(sip_engine *engine, const sip_transaction *t, uint32_t *head_at) {
  if (!t->client.branch) return NULL;
  sip_branch_forward parts;
  sip_branch_forward_of(t->client.branch, &parts);
  parts.forward.flow = &t->flow;
  parts.forward.branch = sip_str_make(t->key, t->key_len);
  return sip_forward_request(engine, &parts.forward, head_at);
}

static sip_branch_input input_of(int status) {
  if (status < 200) return SIP_BRANCH_IN_PROVISIONAL;
  return status < 300 ? SIP_BRANCH_IN_ACCEPT : SIP_BRANCH_IN_REFUSE;
}

/* What its request was needed for is over: it is not sent again, and only the ACK and the
 * CANCEL of an INVITE are written from it (17.1.1.3, 9.1). */
static void forget_request(sip_transaction *t, int status) {
  if (t->machine == SIP_CLIENT_INVITE && status >= 300) return;
  sip_packet_release(t->packet);
  t->packet = NULL;
}

/* Nobody has given it up: another server may be tried. */
static bool is_wanted(const sip_branch *branch) {
  return branch->state == SIP_BRANCH_TRYING || branch->state == SIP_BRANCH_RINGING;
}

void sip_branch_response(sip_engine *engine, sip_transaction *t, const sip_message *response,
                         const sip_flow *flow) {
  sip_branch *branch = t->client.branch;
  int status = response->status;
  if (!branch || status == 100) return;
  if (status == 503 && is_wanted(branch) && sip_branch_move(engine, t)) return; /* RFC 3263 4.3 */
  sip_proxy *proxy = branch->proxy;
  sip_proxy_enter(proxy);
  if (status >= 200) forget_request(t, status);
  if (status >= 300 || (status >= 200 && t->machine == SIP_CLIENT_OTHER)) drop_transaction(branch);
  sip_branch_cause cause = {
      .input = input_of(status), .status = status, .response = response, .flow = flow};
  cause.spent = status / 100 == 3 && sip_proxy_recurse(engine, proxy, branch, response);
  sip_branch_drive(engine, branch, &cause);
  sip_proxy_leave(engine, proxy);
}

static int status_of(const sip_branch *branch, int error) {
  if (error == SIP_E_TIMEOUT) return 408;
  if (error == SIP_E_CANCELLED) return 487;
  bool by_flow = branch->by_flow || branch->proxy->routing.token.kind == SIP_ROUTE_FLOW;
  return by_flow ? FLOW_FAILED : 503; /* 16.9 */
}

/* Without what led there by the token: who has its flow is gone, or the flow is. */
static bool leave_token(sip_branch *branch, int error) {
  const sip_route_token *token = &branch->proxy->routing.token;
  bool has_uri = token->kind != SIP_ROUTE_FLOW; /* else it is good by that flow alone */
  if (sip_branch_goes_to_holder(branch)) {
    branch->holder_failed = true;
    return has_uri || token->flow.transport != SIP_TRANSPORT_NONE;
  }
  bool by_token = !branch->by_flow && branch->flow.transport != SIP_TRANSPORT_NONE;
  if (!by_token || branch->flow_failed || error == SIP_E_TIMEOUT || !has_uri) return false;
  branch->flow_failed = true;
  return true;
}

/* By our own flow, or by the URI, which may lead there as well. */
static bool try_otherwise(sip_engine *engine, sip_branch *branch, sip_transaction *t, int error) {
  if (branch->state != SIP_BRANCH_TRYING || !leave_token(branch, error)) return false;
  sip_proxy_enter(branch->proxy);
  drop_transaction(branch);
  bool is_sent = sip_branch_open(engine, branch) == 0;
  if (!is_sent) { /* as if nothing had been tried */
    t->client.branch = branch;
    branch->transaction = t;
    branch->proxy->live++;
  }
  sip_proxy_leave(engine, branch->proxy);
  return is_sent;
}

void sip_branch_lost(sip_engine *engine, sip_transaction *t, int error) {
  sip_branch *branch = t->client.branch;
  if (!branch) return;
  bool untried = branch->state == SIP_BRANCH_TRYING && error == SIP_E_TIMEOUT;
  if (untried && sip_branch_move(engine, t)) return; /* 16.6 item 7 */
  if (try_otherwise(engine, branch, t, error)) return;
  sip_proxy *proxy = branch->proxy;
  sip_proxy_enter(proxy);
  drop_transaction(branch);
  sip_branch_cause cause = {.input = SIP_BRANCH_IN_LOSE, .status = status_of(branch, error)};
  sip_branch_drive(engine, branch, &cause);
  sip_proxy_leave(engine, proxy);
}

void sip_branch_released(sip_engine *engine, sip_transaction *t) {
  sip_branch *branch = t->client.branch;
  if (!branch) return;
  sip_proxy *proxy = branch->proxy;
  sip_proxy_enter(proxy);
  drop_transaction(branch);
  sip_branch_drive(engine, branch, &(sip_branch_cause){.input = SIP_BRANCH_IN_LOSE, .status = 408});
  sip_proxy_leave(engine, proxy);
}
