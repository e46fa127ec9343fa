/* SPDX-License-Identifier: MIT
 *
 * RFC 3263 4.1 and 4.2 for targets that say their port or have no NAPTR and SRV
 * records: the transport that was said, else UDP or for sips TLS; the port that
 * was said, else the transport's; and every A and AAAA record.
 */
#include "net/locate.h"

#include "base/error.h"
#include "net/listener.h"
#include "net/socket.h"

enum { TARGETS_MAX = 16 };

/* False when no listener could send there. On a wildcard listener the engine
 * needs to hear which of our addresses Via and Contact can name. */
static bool make_target(const net_engine *attached, sip_transport transport,
                        const sip_sockaddr *address, sip_target *out) {
  bool is_reachable = false;
  *out = (sip_target){.transport = transport, .address = *address};
  const sip_link *head = &attached->listeners;
  for (sip_link *link = head->next; link != head; link = link->next) {
    const net_listener *listener = SIP_CONTAINER(link, net_listener, link);
    if (listener->transport != transport || listener->local.family != address->family) continue;
    is_reachable = true;
    if (listener->is_any && !out->local.family) net_socket_find_source(address, &out->local);
  }
  return is_reachable;
}

static sip_transport transport_of(const sip_query *query) {
  if (query->transport != SIP_TRANSPORT_NONE) return query->transport;
  return query->secure ? SIP_TRANSPORT_TLS : SIP_TRANSPORT_UDP;
}

static uint16_t port_of(const sip_query *query) {
  return query->port ? query->port : sip_transport_default_port(transport_of(query));
}

bool net_locate_literal(net_engine *attached, const sip_query *query) {
  sip_sockaddr address;
  sip_target target;
  if (!sip_sockaddr_parse(query->host, port_of(query), &address)) return false;
  bool is_reachable = make_target(attached, transport_of(query), &address, &target);
  sip_engine_resolved(attached->engine, net_loop_now(attached->loop), query->id, &target,
                      is_reachable ? 1 : 0, is_reachable ? 0 : SIP_E_NO_ROUTE);
  return true;
}

static void on_answer(const net_question *question, const sip_sockaddr *addresses, size_t count,
                      int error) {
  net_engine *attached = question->context;
  sip_target targets[TARGETS_MAX];
  size_t found = 0;
  for (size_t i = 0; i < count && found < TARGETS_MAX; i++) {
    sip_sockaddr address = addresses[i];
    address.port = question->port;
    if (make_target(attached, question->transport, &address, &targets[found])) found++;
  }
  if (found == 0 && error == 0) error = SIP_E_NO_ROUTE;
  sip_engine_resolved(attached->engine, net_loop_now(attached->loop), question->id, targets, found,
                      error);
}

void net_locate(net_engine *attached, const sip_query *query) {
  const net_question question = {.host = query->host,
                                 .done = on_answer,
                                 .context = attached,
                                 .id = query->id,
                                 .transport = transport_of(query),
                                 .port = port_of(query)};
  int error = net_resolve(attached->loop, &question);
  if (error) on_answer(&question, NULL, 0, error);
}
