/* SPDX-License-Identifier: MIT
 *
 * A byte stream over a TCP socket, and the seam at which layers stack: whoever
 * uses a stream gets the calls of net_stream_user, and gives bytes to
 * net_stream_write. TLS is a user of this that offers the same upwards.
 */
#ifndef MOONSIP_NET_STREAM_H
#define MOONSIP_NET_STREAM_H

#include <sys/uio.h>

#include "net/state.h"

typedef struct net_stream net_stream;

/* A user may close the stream in any of these. */
typedef struct net_stream_user {
  /* A connecting stream is open. */
  void (*opened)(net_stream *stream);
  /* How many bytes it can take now; at least 1. */
  size_t (*room)(const net_stream *stream);
  void (*received)(net_stream *stream, sip_str bytes);
  /* There is room again after a write that was cut short. */
  void (*writable)(net_stream *stream);
  /* The peer has sent all it will. Nothing more is read. */
  void (*finished)(net_stream *stream);
  /* Broken by the peer or the network; not closed yet. */
  void (*failed)(net_stream *stream, int error);
  /* After net_stream_close: the memory is the user's again. */
  void (*closed)(net_stream *stream);
} net_stream_user;

struct net_stream {
  uv_poll_t poll;
  net_loop *loop;
  const net_stream_user *user;
  int fd;
  bool is_connecting;
  bool reads;  /* waits for bytes */
  bool writes; /* waits for room */
};

/* Takes over the descriptor, also on failure: 0 or a system error. */
int net_stream_open(net_stream *stream, net_loop *loop, int fd, bool is_connecting,
                    const net_stream_user *user);

/* Bytes taken, which may be fewer than given, even 0: `writable` follows then.
 * Or a system error. */
ssize_t net_stream_write(net_stream *stream, struct iovec *parts, int count);

/* No more bytes follow from us; the peer's are still read. */
void net_stream_finish(net_stream *stream);
void net_stream_close(net_stream *stream);

#endif
