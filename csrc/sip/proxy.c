/* SPDX-License-Identifier: MIT
 *
 * The life of a proxied request, and what its user may do with it.
 */
#include "sip/proxy.h"

#include "base/error.h"
#include "sip/server.h"

enum { OWN_GROUPS = 0x40000000 }; /* a user's are below */

/* --- Life ---------------------------------------------------------------------------- */

/* The Request-URI lies in the message, or is kept: engine->route_uri is for the next one. */
static bool keep_uri(sip_engine *engine, sip_proxy *proxy) {
  if (proxy->routing.uri.ptr != engine->route_uri.ptr) return true;
  proxy->own_uri = sip_packet_copy(&engine->alloc, proxy->routing.uri);
  if (!proxy->own_uri) return false;
  proxy->routing.uri = sip_packet_str(proxy->own_uri);
  return true;
}

int sip_proxy_open(sip_engine *engine, sip_transaction *server, sip_kept *request,
                   sip_proxy **out) {
  sip_proxy *proxy = sip_alloc_zero(&engine->alloc, sizeof *proxy);
  if (!proxy) return SIP_E_MEMORY;
  sip_link_init(&proxy->branches);
  sip_routing_read(engine, request->message, &request->flow, &proxy->routing);
  if (!keep_uri(engine, proxy)) {
    sip_alloc_free(&engine->alloc, proxy, sizeof *proxy);
    return SIP_E_MEMORY;
  }
  request->references++;
  proxy->request = request;
  sip_proxy_loop_text(engine, request->message, proxy->loop);
  proxy->breadth_in = sip_proxy_breadth(request->message);
  proxy->finish = true;
  proxy->groups_of_ours = OWN_GROUPS;
  proxy->server = server;
  if (server) {
    server->server.proxy = proxy;
    server->flags |= SIP_TRANSACTION_PROXIED;
  }
  *out = proxy;
  return 0;
}

/* What responses were compared by, and branches written from. */
static void forget_messages(sip_engine *engine, sip_proxy *proxy) {
  sip_kept_release(engine, proxy->request);
  sip_kept_release(engine, proxy->best);
  sip_packet_release(proxy->challenges);
  sip_packet_release(proxy->own_uri);
  proxy->request = proxy->best = NULL;
  proxy->challenges = proxy->own_uri = NULL;
  proxy->routing = (sip_routing){0}; /* it points into them */
}

void sip_proxy_free(sip_engine *engine, sip_proxy *proxy) {
  if (proxy->server) proxy->server->server.proxy = NULL;
  while (!sip_link_alone(&proxy->branches)) {
    sip_branch_free(engine, SIP_CONTAINER(proxy->branches.next, sip_branch, link));
  }
  forget_messages(engine, proxy);
  sip_alloc_free(&engine->alloc, proxy, sizeof *proxy);
}

void sip_proxy_free_all(sip_engine *engine) {
  size_t cursor = 0;
  sip_transaction *t;
  while ((t = sip_slots_next(&engine->transactions, &cursor))) {
    if (!sip_transaction_is_client(t)) {
      if (t->server.proxy) sip_proxy_free(engine, t->server.proxy);
    } else if (t->flags & SIP_TRANSACTION_PROXIED && t->client.branch) {
      sip_proxy_free(engine, t->client.branch->proxy);
    }
  }
}

/* Tells the script that waits, once, what the outcome is so far. */
static void tell_outcome(sip_engine *engine, const sip_proxy *proxy) {
  if (proxy->best) proxy->best->references++;
  sip_event event = {.kind = SIP_EVENT_PROXIED,
                     .transaction = proxy->server->id,
                     .branch = proxy->best_branch,
                     .code = proxy->best_status};
  if (proxy->best) event.flow = proxy->best->flow;
  sip_engine_push_event(engine, &event, proxy->best);
}

/* Every branch has ended, and none waits: the script's turn, or that of the best response. */
static void report(sip_engine *engine, sip_proxy *proxy) {
  if (!proxy->finish || proxy->watch) tell_outcome(engine, proxy);
  proxy->started = false;
  if (proxy->finish || proxy->cancelled) sip_proxy_send_best(engine, proxy);
}

void sip_proxy_enter(sip_proxy *proxy) {
  proxy->busy++;
}

/* All that may still come, until Timer M, are copies of a 2xx: the messages have served. Who
 * watches may ask for the targets' URIs. */
static bool is_settled(const sip_proxy *proxy) {
  if (!proxy->answered || !proxy->finish || proxy->watch) return false;
  const sip_link *head = &proxy->branches;
  for (const sip_link *link = head->next; link != head; link = link->next) {
    const sip_branch *branch = SIP_CONTAINER(link, sip_branch, link);
    if (branch->state != SIP_BRANCH_ACCEPTED && branch->state != SIP_BRANCH_FAILED) return false;
  }
  return true;
}

void sip_proxy_leave(sip_engine *engine, sip_proxy *proxy) {
  if (proxy->busy == 1) {
    sip_proxy_fork(engine, proxy);
    if (proxy->started && proxy->pending == 0 && !proxy->accepted) report(engine, proxy);
  }
  if (--proxy->busy > 0) return;
  if (proxy->live == 0 && (proxy->answered || !proxy->server)) {
    sip_proxy_free(engine, proxy);
  } else if (proxy->request && is_settled(proxy)) {
    forget_messages(engine, proxy);
  }
}

void sip_proxy_forsaken(sip_engine *engine, sip_proxy *proxy) {
  sip_proxy_enter(proxy);
  if (proxy->started && (!proxy->finish || proxy->watch)) tell_outcome(engine, proxy);
  proxy->started = false;
  proxy->server = NULL;
  proxy->answered = true; /* nobody is there to be answered */
  sip_proxy_leave(engine, proxy);
}

void sip_proxy_answered(sip_engine *engine, sip_proxy *proxy) {
  if (proxy->answered) return;
  sip_proxy_enter(proxy);
  proxy->answered = true;
  proxy->started = false;
  sip_branch_cancel_all(engine, proxy, NULL, (sip_str){0});
  sip_proxy_leave(engine, proxy);
}

/* --- CANCEL --------------------------------------------------------------------------- */

/* Its Reason goes along (RFC 3326 2), in a packet of its own: what follows may answer. */
static sip_packet *reason_lines(sip_engine *engine, const sip_message *cancel) {
  sip_buffer *out = &engine->lines;
  sip_buffer_clear(out);
  const sip_header *h = sip_message_find(cancel, SIP_HEADER_REASON, 0);
  for (; h; h = sip_message_find(cancel, SIP_HEADER_REASON, (size_t)(h - cancel->headers) + 1)) {
    SIP_BUFFER_ADD(out, "Reason: ");
    sip_buffer_add(out, sip_message_value(cancel, h));
    SIP_BUFFER_ADD(out, "\r\n");
  }
  return out->len && !out->failed ? sip_packet_copy(&engine->alloc, sip_buffer_str(out)) : NULL;
}

bool sip_proxy_cancelled(sip_engine *engine, sip_proxy *proxy, const sip_message *cancel) {
  sip_packet *lines = reason_lines(engine, cancel);
  sip_proxy_enter(proxy);
  proxy->cancelled = true;
  bool pending = proxy->pending > 0;
  sip_branch_cancel_all(engine, proxy, NULL, lines ? sip_packet_str(lines) : (sip_str){0});
  sip_proxy_leave(engine, proxy);
  sip_packet_release(lines);
  return pending;
}

/* --- What its user may do -------------------------------------------------------------- */

/* A server transaction that waits for an answer. */
static int find_server(const sip_engine *engine, sip_id id, sip_transaction **out) {
  *out = sip_slots_find(&engine->transactions, id);
  if (!*out || sip_transaction_is_client(*out)) return SIP_E_GONE;
  return (*out)->server.request ? 0 : SIP_E_STATE;
}

/* The context of one, made when it is the first time. */
static int find_proxy(sip_engine *engine, sip_id id, sip_proxy **out) {
  sip_transaction *server;
  int error = find_server(engine, id, &server);
  if (error) return error;
  *out = server->server.proxy;
  if (server->dialog || server->method == SIP_METHOD_ACK) return SIP_E_STATE;
  return *out ? 0 : sip_proxy_open(engine, server, server->server.request, out);
}

int sip_engine_proxy_add(sip_engine *engine, sip_id transaction, const sip_proxy_target *target,
                         uint32_t *branch) {
  sip_proxy *proxy;
  uint32_t number = 0;
  int error = find_proxy(engine, transaction, &proxy);
  if (error) return error;
  if (proxy->answered || proxy->cancelled || proxy->closed) return SIP_E_STATE;
  error = sip_proxy_add(engine, proxy, target, &number);
  if (branch) *branch = number;
  return error;
}

/* What a script made of the request is still that request: what its transactions and those
 * of both ends are known by has not changed. */
static bool is_same_request(const sip_message *a, const sip_message *b) {
  return sip_message_is_request(b) && b->error == 0 && a->cseq == b->cseq &&
         a->method == b->method &&
         sip_str_equal(sip_message_span(a, a->call_id), sip_message_span(b, b->call_id)) &&
         sip_str_equal(sip_message_span(a, a->from_tag), sip_message_span(b, b->from_tag)) &&
         sip_str_equal(sip_message_span(a, a->to_tag), sip_message_span(b, b->to_tag)) &&
         sip_str_equal(sip_message_span(a, a->branch), sip_message_span(b, b->branch));
}

static int take_message(sip_engine *engine, sip_proxy *proxy, const sip_message *message) {
  if (!is_same_request(proxy->request->message, message)) return SIP_E_INVALID;
  sip_kept *kept = sip_kept_new(engine, message, &proxy->request->flow);
  if (!kept) return SIP_E_MEMORY;
  sip_packet_release(proxy->own_uri);
  proxy->own_uri = NULL;
  sip_kept_release(engine, proxy->request);
  proxy->request = kept;
  sip_routing_read(engine, kept->message, &kept->flow, &proxy->routing);
  return keep_uri(engine, proxy) ? 0 : SIP_E_MEMORY;
}

int sip_engine_proxy(sip_engine *engine, sip_time now, sip_id transaction,
                     const sip_proxy_wish *wish) {
  engine->now = now;
  sip_proxy *proxy;
  if (!sip_engine_reserve(engine)) return SIP_E_MEMORY;
  int error = find_proxy(engine, transaction, &proxy);
  if (error) return error;
  if (proxy->answered || proxy->cancelled || proxy->closed) return SIP_E_STATE;
  if (wish->message) error = take_message(engine, proxy, wish->message);
  if (error) return error;
  proxy->stay = wish->stay;
  proxy->finish = wish->finish;
  proxy->watch = proxy->watch || wish->watch;
  proxy->recursions = wish->recursions;
  sip_proxy_enter(proxy);
  proxy->started = true;
  sip_proxy_leave(engine, proxy);
  return 0;
}

void sip_engine_proxy_watch(sip_engine *engine, sip_id transaction) {
  sip_proxy *proxy;
  if (find_proxy(engine, transaction, &proxy) == 0) proxy->watch = true;
}

int sip_engine_proxy_finish(sip_engine *engine, sip_time now, sip_id transaction,
                            const sip_message *response) {
  engine->now = now;
  sip_transaction *server;
  if (!sip_engine_reserve(engine)) return SIP_E_MEMORY;
  int error = find_server(engine, transaction, &server);
  if (error) return error;
  sip_proxy *proxy = server->server.proxy;
  if (!proxy) return SIP_E_STATE;
  sip_packet *packet = NULL;
  if (response) {
    bool fits =
        response->status >= 300 && response->error == 0 && sip_forward_has_more_vias(response);
    if (!fits) return SIP_E_INVALID;
    bool stream = sip_transport_is_reliable(server->flow.transport);
    packet = sip_forward_response(engine, response, (sip_str){0}, stream);
    if (!packet) return SIP_E_MEMORY;
  }
  sip_proxy_enter(proxy);
  proxy->started = false;
  proxy->finish = true;
  if (packet) {
    sip_server_send(engine, server, packet, response->status);
    sip_proxy_answered(engine, proxy);
  } else if (proxy->pending > 0) {
    proxy->started = proxy->closed = true; /* what is under way may still do better */
  } else {
    sip_proxy_send_best(engine, proxy);
  }
  sip_proxy_leave(engine, proxy);
  return 0;
}

int sip_engine_proxy_cancel(sip_engine *engine, sip_time now, sip_id transaction, uint32_t number,
                            sip_str headers) {
  engine->now = now;
  sip_transaction *server = sip_slots_find(&engine->transactions, transaction);
  if (!server || sip_transaction_is_client(server) || !server->server.proxy) return SIP_E_GONE;
  if (!sip_engine_reserve(engine)) return SIP_E_MEMORY;
  sip_proxy *proxy = server->server.proxy;
  sip_branch *branch = sip_proxy_branch(proxy, number);
  if (number && !branch) return SIP_E_GONE;
  sip_proxy_enter(proxy);
  if (branch) {
    sip_branch_cause cause = {.input = SIP_BRANCH_IN_CANCEL, .headers = headers};
    sip_branch_drive(engine, branch, &cause);
  } else {
    sip_branch_cancel_all(engine, proxy, NULL, headers);
  }
  sip_proxy_leave(engine, proxy);
  return 0;
}

sip_str sip_engine_proxy_uri(const sip_engine *engine, sip_id transaction, uint32_t number) {
  const sip_transaction *server = sip_slots_find(&engine->transactions, transaction);
  if (!server || sip_transaction_is_client(server) || !server->server.proxy) return (sip_str){0};
  const sip_proxy *proxy = server->server.proxy;
  const sip_branch *branch = sip_proxy_branch(proxy, number);
  if (!branch) return (sip_str){0};
  return branch->uri.len ? sip_branch_text(branch, branch->uri) : proxy->routing.uri;
}
