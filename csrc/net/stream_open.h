/* SPDX-License-Identifier: MIT
 *
 * The stream that a transport runs over.
 */
#ifndef MOONSIP_NET_STREAM_OPEN_H
#define MOONSIP_NET_STREAM_OPEN_H

#include "net/stream.h"
#include "net/tls.h"
#include "web/upgrade.h"

/* NULL for UDP. */
const net_stream_kind *net_stream_kind_of(sip_transport transport);

/* True where what is handed up, and what is written, is one whole message. */
bool net_stream_keeps_messages(sip_transport transport);

typedef struct net_stream_opening {
  int fd;
  sip_transport transport;
  bool is_connecting;          /* else it was accepted */
  net_tls *tls;                /* where the transport is secure; it is kept */
  const struct net_door *door; /* of a WebSocket that is accepted; outlives the stream */
  sip_sockaddr remote;         /* likewise */
  sip_str peer;                /* the domain that must be proved over TLS (RFC 5922 7.3) */
  sip_str host; /* the same with its port, for a WebSocket; both outlive the stream */
} net_stream_opening;

/* Opens one in memory of its kind's size, whose user and context are set. Takes over the
 * descriptor, also on failure: 0, SIP_E_MEMORY or a system error. */
int net_stream_open(net_stream *stream, net_loop *loop, const net_stream_opening *opening);

#endif
