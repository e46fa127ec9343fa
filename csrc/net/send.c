/* SPDX-License-Identifier: MIT
 *
 * RFC 3261 18.1.1 and 18.2.2: a datagram by its listener; over a stream the
 * connection that is named, else one that leads there already, else a new one.
 */
#include "net/send.h"

#include "base/error.h"
#include "net/tcp.h"
#include "net/udp.h"

void net_report_failure(net_engine *attached, sip_id owner, int error) {
  net_loop *loop = attached->loop;
  loop->counts.send_errors++;
  if (!owner) return;
  sip_engine_send_failed(attached->engine, net_loop_now(loop), owner, error);
  loop->is_woken = true; /* the engine may have something to say to that */
}

/* One that is named, if it leads where the flow says: an id that travelled in a Route may
 * be of the program before this one. */
static net_connection *named(const net_engine *attached, const sip_flow *flow) {
  net_connection *connection = net_connection_find(attached, flow->connection);
  bool same = connection && sip_sockaddr_equal(&connection->flow.remote, &flow->remote);
  return same ? connection : NULL;
}

/* The connection a packet goes over, or NULL with the reason. A response whose
 * connection is gone goes to where the Via says (18.2.2). */
static net_connection *connection_for(net_engine *attached, sip_outgoing *out, int *error) {
  *error = SIP_E_TRANSPORT;
  if (out->flow.connection) {
    net_connection *connection = named(attached, &out->flow);
    if (connection) return connection;
    if (!out->fallback.family) return NULL;
    out->flow.connection = 0;
    out->flow.remote = out->fallback;
    out->fallback = (sip_sockaddr){0};
  }
  net_connection *connection = net_connection_find_remote(attached, &out->flow);
  return connection ? connection : net_tcp_connect(attached, &out->flow, error);
}

void net_send(net_engine *attached, const sip_outgoing *out) {
  sip_outgoing routed = *out;
  int error = SIP_E_NO_ROUTE;
  if (routed.flow.transport == SIP_TRANSPORT_UDP) {
    net_listener *listener = net_listener_find(attached, routed.flow.listener);
    if (listener && listener->outbox) {
      net_udp_send(listener, &routed);
      return;
    }
  } else if (routed.flow.transport == SIP_TRANSPORT_TCP) {
    net_connection *connection = connection_for(attached, &routed, &error);
    if (connection) {
      net_connection_send(connection, &routed);
      return;
    }
  }
  net_report_failure(attached, routed.owner, error);
  sip_packet_release(routed.packet);
}

static void drain(net_engine *attached) {
  sip_outgoing out;
  while (sip_engine_next_packet(attached->engine, &out)) net_send(attached, &out);
  const sip_link *head = &attached->listeners;
  for (sip_link *link = head->next; link != head; link = link->next) {
    net_listener *listener = SIP_CONTAINER(link, net_listener, link);
    if (listener->outbox) net_udp_flush(listener);
  }
}

/* A connection that breaks here may open another for its fallback, which joins
 * the end; one that is still connecting leaves the list until it is open. */
static void flush_connections(net_loop *loop) {
  while (!sip_link_alone(&loop->unwritten)) {
    net_connection_flush(SIP_CONTAINER(loop->unwritten.next, net_connection, unwritten));
  }
}

void net_flush_engine(net_engine *attached) {
  drain(attached);
  flush_connections(attached->loop);
}

void net_flush(net_loop *loop) {
  for (sip_link *link = loop->engines.next; link != &loop->engines; link = link->next) {
    drain(SIP_CONTAINER(link, net_engine, link));
  }
  flush_connections(loop);
}
