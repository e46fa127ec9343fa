/* SPDX-License-Identifier: MIT
 *
 * A byte stream over TLS over a TCP stream: open when the handshake is done and the
 * peer is who it has to be.
 */
#ifndef MOONSIP_NET_TLS_STREAM_H
#define MOONSIP_NET_TLS_STREAM_H

#include "net/tcp_stream.h"
#include "net/tls.h"

typedef struct net_tls_stream {
  net_stream stream;
  net_tcp_stream tcp;
  net_tls *tls;
  SSL *ssl;
  sip_str name; /* the domain the peer must prove; empty: it was accepted */
  bool is_open;
  bool has_closed; /* in a callback: nothing of it may be touched but its memory */
  bool is_short;   /* a write was cut short: `writable` is owed */
} net_tls_stream;

extern const net_stream_kind net_tls_stream_kind;

typedef struct net_tls_opening {
  net_tls *tls;
  int fd;
  bool is_connecting;
  sip_str name; /* empty: the peer opened it; outlives the stream */
} net_tls_opening;

/* As net_tcp_stream_open; also SIP_E_MEMORY. */
int net_tls_stream_open(net_tls_stream *tls, net_loop *loop, const net_tls_opening *opening);

/* The peer's certificate; NULL before the handshake is done, when it sent none, and for
 * a stream of another kind. */
X509 *net_tls_stream_peer(const net_stream *stream);

#endif
