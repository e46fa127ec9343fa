/* SPDX-License-Identifier: MIT
 *
 * libuv only polls; reading and writing are our own system calls, because a
 * write must never raise SIGPIPE in the program that hosts us.
 */
#include "net/stream.h"

#include <errno.h>
#include <sys/socket.h>

#include "net/socket.h"

static void on_ready(uv_poll_t *poll, int status, int events);

static void watch(net_stream *stream) {
  int events = (stream->reads ? UV_READABLE : 0) | (stream->writes ? UV_WRITABLE : 0);
  uv_poll_start(&stream->poll, events, on_ready);
}

static void on_connected(net_stream *stream) {
  int error = net_socket_take_error(stream->fd);
  if (error) {
    stream->user->failed(stream, error);
    return;
  }
  stream->is_connecting = false;
  stream->reads = true;
  stream->writes = false;
  watch(stream);
  stream->user->opened(stream);
}

static void read_some(net_stream *stream) {
  net_loop *loop = stream->loop;
  size_t room = stream->user->room(stream);
  if (room > NET_SCRATCH_SIZE) room = NET_SCRATCH_SIZE;
  ssize_t got = recv(stream->fd, loop->scratch, room, MSG_DONTWAIT);
  if (got > 0) {
    loop->counts.bytes_in += (uint64_t)got;
    stream->user->received(stream, sip_str_make(loop->scratch, (size_t)got));
  } else if (got == 0) {
    stream->reads = false; /* the end stays readable: polling for it would spin */
    watch(stream);
    stream->user->finished(stream);
  } else if (errno != EAGAIN && errno != EINTR) {
    stream->user->failed(stream, -errno);
  }
}

static void on_ready(uv_poll_t *poll, int status, int events) {
  net_stream *stream = SIP_CONTAINER(poll, net_stream, poll);
  if (stream->is_connecting) {
    on_connected(stream);
    return;
  }
  if (status < 0) {
    /* An error is waiting; what came before it is read first, then it. */
    if (stream->reads) {
      watch(stream); /* libuv has stopped polling */
      read_some(stream);
    } else {
      int error = net_socket_take_error(stream->fd);
      stream->user->failed(stream, error ? error : UV_ECONNRESET);
    }
    return;
  }
  if (events & UV_WRITABLE) {
    stream->writes = false;
    watch(stream);
    stream->user->writable(stream);
  }
  if (events & UV_READABLE && stream->reads) read_some(stream);
}

int net_stream_open(net_stream *stream, net_loop *loop, int fd, bool is_connecting,
                    const net_stream_user *user) {
  int error = uv_poll_init(&loop->uv, &stream->poll, fd);
  if (error) {
    net_socket_close(fd);
    return error;
  }
  stream->loop = loop;
  stream->user = user;
  stream->fd = fd;
  stream->is_connecting = is_connecting;
  stream->reads = !is_connecting;
  stream->writes = is_connecting;
  watch(stream);
  return 0;
}

ssize_t net_stream_write(net_stream *stream, struct iovec *parts, int count) {
  size_t wanted = 0;
  for (int i = 0; i < count; i++) wanted += parts[i].iov_len;
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
  ssize_t sent;
  do {
    sent = sendmsg(stream->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && errno != EAGAIN && errno != ENOBUFS) return -errno;
  if (sent > 0) stream->loop->counts.bytes_out += (uint64_t)sent;
  if (sent < 0) sent = 0;
  if ((size_t)sent < wanted && !stream->writes) {
    stream->writes = true;
    watch(stream);
  }
  return sent;
}

void net_stream_finish(net_stream *stream) {
  shutdown(stream->fd, SHUT_WR);
}

static void on_closed(uv_handle_t *handle) {
  net_stream *stream = SIP_CONTAINER(handle, net_stream, poll);
  stream->user->closed(stream);
}

void net_stream_close(net_stream *stream) {
  stream->reads = stream->writes = false;
  uv_close((uv_handle_t *)&stream->poll, on_closed);
  net_socket_close(stream->fd);
}
