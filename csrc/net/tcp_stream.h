/* SPDX-License-Identifier: MIT
 *
 * A byte stream over a TCP socket.
 */
#ifndef MOONSIP_NET_TCP_STREAM_H
#define MOONSIP_NET_TCP_STREAM_H

#include "net/stream.h"

typedef struct net_tcp_stream {
  net_stream stream;
  uv_poll_t poll;
  int fd;
  bool is_connecting;
  bool has_ended; /* the peer sends no more */
  bool reads;     /* waits for bytes */
  bool writes;    /* waits for room */
} net_tcp_stream;

extern const net_stream_kind net_tcp_stream_kind;

/* The user and its context are set by the caller. Takes over the descriptor, also on
 * failure: 0 or a system error. */
int net_tcp_stream_open(net_tcp_stream *tcp, net_loop *loop, int fd, bool is_connecting);

/* Reads nothing until it is let go again. */
void net_tcp_stream_hold(net_tcp_stream *tcp, bool is_held);

#endif
