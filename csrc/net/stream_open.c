/* SPDX-License-Identifier: MIT
 *
 * The one place that knows which layers a transport is made of.
 */
#include "net/stream_open.h"

#include "net/ws_stream.h"

bool net_stream_keeps_messages(sip_transport transport) {
  return transport == SIP_TRANSPORT_WS || transport == SIP_TRANSPORT_WSS;
}

const net_stream_kind *net_stream_kind_of(sip_transport transport) {
  switch (transport) {
  case SIP_TRANSPORT_TCP:
    return &net_tcp_stream_kind;
  case SIP_TRANSPORT_TLS:
    return &net_tls_stream_kind;
  case SIP_TRANSPORT_WS:
  case SIP_TRANSPORT_WSS:
    return &net_ws_stream_kind;
  default:
    return NULL;
  }
}

int net_stream_open(net_stream *stream, net_loop *loop, const net_stream_opening *opening) {
  sip_transport transport = opening->transport;
  net_tls_opening tls = {.tls = sip_transport_is_secure(transport) ? opening->tls : NULL,
                         .fd = opening->fd,
                         .is_connecting = opening->is_connecting,
                         .name = opening->peer};
  if (net_stream_keeps_messages(transport)) {
    net_ws_opening ws = {
        .tls = tls, .door = opening->door, .remote = opening->remote, .host = opening->host};
    return net_ws_stream_open(SIP_CONTAINER(stream, net_ws_stream, stream), loop, &ws);
  }
  if (transport == SIP_TRANSPORT_TLS) {
    return net_tls_stream_open(SIP_CONTAINER(stream, net_tls_stream, stream), loop, &tls);
  }
  net_tcp_stream *tcp = SIP_CONTAINER(stream, net_tcp_stream, stream);
  return net_tcp_stream_open(tcp, loop, opening->fd, opening->is_connecting);
}
