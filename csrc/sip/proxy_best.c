/* SPDX-License-Identifier: MIT
 *
 * The best response of all branches (RFC 3261 16.7 items 4, 6, 7).
 */
#include "base/error.h"
#include "sip/proxy.h"
#include "sip/server.h"

/* Within a class: what tells the caller how to go on before what tells why it failed, and
 * that before what says only that nobody was there. The rest is in between. */
enum { USUAL = 5 };
static const struct rank {
  uint16_t status;
  uint8_t rank;
} ranks[] = {{401, 9}, {407, 9}, {415, 8}, {420, 8}, {484, 8}, {486, 6},
             {480, 4}, {404, 3}, {430, 2}, {408, 2}, {487, 1}, {503, 1}};

static int rank_of(int status, bool cancelled) {
  if (cancelled && status == 487) return USUAL * 2; /* what it asked for */
  for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
    if (ranks[i].status == status) return ranks[i].rank;
  }
  return USUAL;
}

/* The class in the order of preference: 6xx, then the lowest. */
static int class_of(int status) {
  return status >= 600 ? 0 : status / 100;
}

int sip_proxy_compare(int status, int other, bool cancelled) {
  int a = class_of(status), b = class_of(other);
  if (a != b) return a < b ? 1 : -1;
  a = rank_of(status, cancelled);
  b = rank_of(other, cancelled);
  return (a > b) - (a < b);
}

static bool is_challenge(int status) {
  return status == 401 || status == 407;
}

/* Adds the challenges of a response to those of the others (item 7). */
static void collect(sip_engine *engine, sip_proxy *proxy, const sip_message *m) {
  sip_buffer *out = &engine->lines;
  sip_buffer_clear(out);
  if (proxy->challenges) sip_buffer_add(out, sip_packet_str(proxy->challenges));
  for (size_t i = 0; i < m->header_count; i++) {
    const sip_header *h = &m->headers[i];
    if (h->id != SIP_HEADER_WWW_AUTHENTICATE && h->id != SIP_HEADER_PROXY_AUTHENTICATE) continue;
    sip_buffer_add(out, sip_message_header_name(m, h));
    SIP_BUFFER_ADD(out, ": ");
    sip_buffer_add(out, sip_message_value(m, h));
    SIP_BUFFER_ADD(out, "\r\n");
  }
  sip_packet *packet = out->failed ? NULL : sip_packet_copy(&engine->alloc, sip_buffer_str(out));
  if (!packet) return;
  sip_packet_release(proxy->challenges);
  proxy->challenges = packet;
}

/* A message rather than none, and the first of equals. */
static bool is_better(const sip_proxy *proxy, int status, bool message) {
  if (proxy->best_status == 0) return true;
  int order = sip_proxy_compare(status, proxy->best_status, proxy->cancelled);
  return order > 0 || (order == 0 && message && !proxy->best);
}

void sip_proxy_count(sip_engine *engine, sip_proxy *proxy, const sip_branch *branch,
                     const sip_branch_cause *cause) {
  const sip_message *m = cause->response;
  if (cause->status >= 600 && !proxy->closed) {
    proxy->closed = true;
    sip_branch_cancel_all(engine, proxy, branch, (sip_str){0});
  }
  if (proxy->answered) return;
  if (!is_better(proxy, cause->status, m != NULL)) {
    if (m && is_challenge(cause->status)) collect(engine, proxy, m);
    return;
  }
  sip_kept *kept = m ? sip_kept_new(engine, m, cause->flow) : NULL;
  if (proxy->best && is_challenge(proxy->best_status)) collect(engine, proxy, proxy->best->message);
  sip_kept_release(engine, proxy->best);
  proxy->best = kept; /* without memory the status alone counts */
  proxy->best_status = (uint16_t)cause->status;
  proxy->best_branch = branch->number;
}

static bool names_flow(const sip_route_token *token) {
  return token->kind == SIP_ROUTE_PATH || token->kind == SIP_ROUTE_FLOW;
}

/* The status that stands for what no response says: a server that cannot be reached, or
 * that is overloaded, is no reason to leave us alone (item 6). */
static int own_status(const sip_proxy *proxy) {
  switch (proxy->best_status) {
  case 0:
    return proxy->cancelled ? 487 : 480;
  case 408:
    return proxy->cancelled ? 487 : 408;
  case 430: /* RFC 5626 5.3.1: upstream knows of our flows only where it named one */
    return names_flow(&proxy->routing.token) ? 430 : 480;
  case 503:
    return 500;
  default:
    return proxy->best_status;
  }
}

void sip_proxy_send_best(sip_engine *engine, sip_proxy *proxy) {
  sip_transaction *server = proxy->server;
  if (!server || proxy->answered) return;
  int status = proxy->best_status;
  proxy->answered = true;
  bool ours = !proxy->best || status == 503 || status == 430;
  if (!ours) {
    bool stream = sip_transport_is_reliable(server->flow.transport);
    bool aggregate = is_challenge(status) && proxy->challenges;
    sip_str more = aggregate ? sip_packet_str(proxy->challenges) : (sip_str){0};
    sip_packet *packet = sip_forward_response(engine, proxy->best->message, more, stream);
    if (packet) {
      sip_server_send(engine, server, packet, status);
      return;
    }
  }
  status = own_status(proxy);
  /* RFC 4320 4.2: nobody waits for a 408 to anything but INVITE. */
  if (status == 408 && server->machine != SIP_SERVER_INVITE) return;
  sip_server_answer(engine, server, status);
  bool unanswered = server->state == SIP_STATE_PROCEEDING || server->state == SIP_STATE_TRYING;
  if (unanswered) sip_transaction_free(engine, server); /* no memory: the next copy is new */
}
