/* SPDX-License-Identifier: MIT
 *
 * SIP over a WebSocket (RFC 7118), over TCP or TLS: a stream that keeps messages apart.
 * What it hands up is one whole message; what is written is one whole message.
 */
#ifndef MOONSIP_NET_WS_STREAM_H
#define MOONSIP_NET_WS_STREAM_H

#include "net/http.h"
#include "net/tls_stream.h"
#include "web/reader.h"
#include "web/upgrade.h"

typedef struct net_ws_stream {
  net_stream stream;
  net_stream *below; /* one of these: */
  union {
    net_tcp_stream tcp;
    net_tls_stream tls;
  };
  bool is_client;
  bool is_open;    /* the handshake is done */
  bool is_ending;  /* a close frame was sent, or nothing more may follow */
  bool has_closed; /* in a callback: nothing of it may be touched but its memory */
  bool is_short;   /* a write was cut short: `writable` is owed */
  const struct net_door *door;
  sip_sockaddr remote;
  net_http *http; /* a request that asked for no WebSocket; NULL: none did */
  sip_str host;   /* for Host; of a client */
  unsigned char key[WEB_KEY_SIZE];
  sip_buffer head; /* of the handshake, until it is whole */
  web_reader reader;
  sip_buffer out; /* what the stream below has not taken yet */
} net_ws_stream;

extern const net_stream_kind net_ws_stream_kind;

typedef struct net_ws_opening {
  net_tls_opening tls;         /* its tls NULL: over TCP */
  const struct net_door *door; /* of a server; outlives the stream */
  sip_sockaddr remote;         /* likewise */
  sip_str host;                /* of a client; outlives the stream */
} net_ws_opening;

/* As net_tls_stream_open. */
int net_ws_stream_open(net_ws_stream *ws, net_loop *loop, const net_ws_opening *opening);

#endif
