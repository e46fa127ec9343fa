/* SPDX-License-Identifier: MIT
 *
 * RFC 3263 4.1 and 4.2 for targets that say their port or have no NAPTR and SRV
 * records: the transport that was said, else UDP or for sips TLS; the port that
 * was said, else the transport's; and every A and AAAA record.
 */
#include "net/locate.h"

#include "base/error.h"
#include "net/listener.h"

enum { TARGETS_MAX = 16 };

/* An address that no listener of the transport could send to is no target. */
static bool has_family(const net_engine *attached, sip_transport transport, uint8_t family) {
  bool has_transport = false;
  const sip_link *head = &attached->listeners;
  for (sip_link *link = head->next; link != head; link = link->next) {
    const net_listener *listener = SIP_CONTAINER(link, net_listener, link);
    if (listener->transport != transport) continue;
    if (listener->local.family == family) return true;
    has_transport = true;
  }
  return !has_transport;
}

static void on_answer(const net_question *question, const sip_sockaddr *addresses, size_t count,
                      int error) {
  net_engine *attached = question->context;
  sip_target targets[TARGETS_MAX];
  size_t found = 0;
  for (size_t i = 0; i < count && found < TARGETS_MAX; i++) {
    if (!has_family(attached, question->transport, addresses[i].family)) continue;
    targets[found] = (sip_target){question->transport, addresses[i]};
    targets[found++].address.port = question->port;
  }
  if (found == 0 && error == 0) error = SIP_E_DNS;
  sip_engine_resolved(attached->engine, net_loop_now(attached->loop), question->id, targets, found,
                      error);
}

void net_locate(net_engine *attached, const sip_query *query) {
  sip_transport transport = query->transport;
  if (transport == SIP_TRANSPORT_NONE) {
    transport = query->secure ? SIP_TRANSPORT_TLS : SIP_TRANSPORT_UDP;
  }
  const net_question question = {
      .host = query->host,
      .done = on_answer,
      .context = attached,
      .id = query->id,
      .transport = transport,
      .port = query->port ? query->port : sip_transport_default_port(transport)};
  int error = net_resolve(attached->loop, &question);
  if (error) on_answer(&question, NULL, 0, error);
}
