/* SPDX-License-Identifier: MIT
 *
 * A byte stream, whatever it runs over, and the seam at which layers stack: whoever
 * uses a stream gets the calls of net_stream_user, and gives bytes to
 * net_stream_write. TLS is a user of a TCP stream that is a stream upwards.
 */
#ifndef MOONSIP_NET_STREAM_H
#define MOONSIP_NET_STREAM_H

#include <sys/uio.h>

#include "net/state.h"

typedef struct net_stream net_stream;

/* A user may close the stream in any of these. */
typedef struct net_stream_user {
  /* A stream that was not open yet is. */
  void (*opened)(net_stream *stream);
  /* How many bytes it can take now; at least 1. */
  size_t (*room)(const net_stream *stream);
  void (*received)(net_stream *stream, sip_str bytes);
  /* What came was read, even if nothing of it was for the user, as a ping. Whole: nothing has
   * begun that is incomplete, as a record of TLS. Streams of bytes alone do not say it; NULL:
   * the user does not care. */
  void (*stirred)(net_stream *stream, bool is_whole);
  /* There is room again after a write that was cut short. */
  void (*writable)(net_stream *stream);
  /* The peer has sent all it will. Nothing more is read. */
  void (*finished)(net_stream *stream);
  /* A peer is not let in: why, for people. `failed` follows. */
  void (*refused)(net_stream *stream, const char *why);
  /* Broken by the peer or the network; not closed yet. */
  void (*failed)(net_stream *stream, int error);
  /* After net_stream_close: the memory of the stream is the user's again. */
  void (*closed)(net_stream *stream);
} net_stream_user;

/* What a kind of stream does; each as the function below. */
typedef struct net_stream_kind {
  size_t size; /* of its struct, which begins with a net_stream */
  ssize_t (*write)(net_stream *stream, struct iovec *parts, int count);
  void (*finish)(net_stream *stream);
  void (*close)(net_stream *stream);
  void (*get_local)(const net_stream *stream, sip_sockaddr *out);
} net_stream_kind;

struct net_stream {
  const net_stream_kind *kind;
  const net_stream_user *user;
  void *context; /* the user's */
  net_loop *loop;
};

/* Bytes taken, which may be fewer than given, even 0: `writable` follows then.
 * Or an error. */
static inline ssize_t net_stream_write(net_stream *stream, struct iovec *parts, int count) {
  return stream->kind->write(stream, parts, count);
}

/* No more bytes follow from us; the peer's are still read. */
static inline void net_stream_finish(net_stream *stream) {
  stream->kind->finish(stream);
}

static inline void net_stream_close(net_stream *stream) {
  stream->kind->close(stream);
}

static inline void net_stream_stir(net_stream *stream, bool is_whole) {
  if (stream->user->stirred) stream->user->stirred(stream, is_whole);
}

/* The address of ours that it runs over. */
static inline void net_stream_get_local(const net_stream *stream, sip_sockaddr *out) {
  stream->kind->get_local(stream, out);
}

#endif
