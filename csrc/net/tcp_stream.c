/* SPDX-License-Identifier: MIT
 *
 * libuv only polls; reading and writing are our own system calls, because a
 * write must never raise SIGPIPE in the program that hosts us.
 */
#include "net/tcp_stream.h"

#include <errno.h>
#include <sys/socket.h>

#include "net/socket.h"

static void on_ready(uv_poll_t *poll, int status, int events);

static net_tcp_stream *tcp_of(net_stream *stream) {
  return SIP_CONTAINER(stream, net_tcp_stream, stream);
}

static void watch(net_tcp_stream *tcp) {
  int events = (tcp->reads ? UV_READABLE : 0) | (tcp->writes ? UV_WRITABLE : 0);
  uv_poll_start(&tcp->poll, events, on_ready);
}

static void on_connected(net_tcp_stream *tcp) {
  net_stream *stream = &tcp->stream;
  int error = net_socket_take_error(tcp->fd);
  if (error) {
    stream->user->failed(stream, error);
    return;
  }
  tcp->is_connecting = false;
  tcp->reads = true;
  tcp->writes = false;
  watch(tcp);
  stream->user->opened(stream);
}

static void read_some(net_tcp_stream *tcp) {
  net_stream *stream = &tcp->stream;
  net_loop *loop = stream->loop;
  size_t room = stream->user->room(stream);
  if (room > NET_SCRATCH_SIZE) room = NET_SCRATCH_SIZE;
  ssize_t got = recv(tcp->fd, loop->scratch, room, MSG_DONTWAIT);
  if (got > 0) {
    loop->counts.bytes_in += (uint64_t)got;
    stream->user->received(stream, sip_str_make(loop->scratch, (size_t)got));
  } else if (got == 0) {
    tcp->has_ended = true;
    tcp->reads = false; /* the end stays readable: polling for it would spin */
    watch(tcp);
    stream->user->finished(stream);
  } else if (errno != EAGAIN && errno != EINTR) {
    stream->user->failed(stream, -errno);
  }
}

static void on_ready(uv_poll_t *poll, int status, int events) {
  net_tcp_stream *tcp = SIP_CONTAINER(poll, net_tcp_stream, poll);
  net_stream *stream = &tcp->stream;
  if (tcp->is_connecting) {
    on_connected(tcp);
    return;
  }
  if (status < 0) {
    /* An error is waiting; what came before it is read first, then it. */
    if (tcp->reads) {
      watch(tcp); /* libuv has stopped polling */
      read_some(tcp);
    } else {
      int error = net_socket_take_error(tcp->fd);
      stream->user->failed(stream, error ? error : UV_ECONNRESET);
    }
    return;
  }
  if (events & UV_WRITABLE) {
    tcp->writes = false;
    watch(tcp);
    stream->user->writable(stream);
  }
  if (events & UV_READABLE && tcp->reads) read_some(tcp);
}

int net_tcp_stream_open(net_tcp_stream *tcp, net_loop *loop, int fd, bool is_connecting) {
  int error = uv_poll_init(&loop->uv, &tcp->poll, fd);
  if (error) {
    net_socket_close(fd);
    return error;
  }
  tcp->stream.kind = &net_tcp_stream_kind;
  tcp->stream.loop = loop;
  tcp->fd = fd;
  tcp->is_connecting = is_connecting;
  tcp->reads = !is_connecting;
  tcp->writes = is_connecting;
  watch(tcp);
  return 0;
}

static ssize_t tcp_write(net_stream *stream, struct iovec *parts, int count) {
  net_tcp_stream *tcp = tcp_of(stream);
  size_t wanted = 0;
  for (int i = 0; i < count; i++) wanted += parts[i].iov_len;
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
  ssize_t sent;
  do {
    sent = sendmsg(tcp->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && errno != EAGAIN && errno != ENOBUFS) return -errno;
  if (sent > 0) stream->loop->counts.bytes_out += (uint64_t)sent;
  if (sent < 0) sent = 0;
  if ((size_t)sent < wanted && !tcp->writes) {
    tcp->writes = true;
    watch(tcp);
  }
  return sent;
}

void net_tcp_stream_hold(net_tcp_stream *tcp, bool is_held) {
  if (tcp->is_connecting || tcp->has_ended || tcp->reads == !is_held) return;
  tcp->reads = !is_held;
  watch(tcp);
}

static void tcp_finish(net_stream *stream) {
  shutdown(tcp_of(stream)->fd, SHUT_WR);
}

static void on_closed(uv_handle_t *handle) {
  net_tcp_stream *tcp = SIP_CONTAINER(handle, net_tcp_stream, poll);
  tcp->stream.user->closed(&tcp->stream);
}

static void tcp_close(net_stream *stream) {
  net_tcp_stream *tcp = tcp_of(stream);
  tcp->reads = tcp->writes = false;
  uv_close((uv_handle_t *)&tcp->poll, on_closed);
  net_socket_close(tcp->fd);
}

static void tcp_get_local(const net_stream *stream, sip_sockaddr *out) {
  net_socket_get_local(SIP_CONTAINER(stream, net_tcp_stream, stream)->fd, out);
}

const net_stream_kind net_tcp_stream_kind = {.size = sizeof(net_tcp_stream),
                                             .write = tcp_write,
                                             .finish = tcp_finish,
                                             .close = tcp_close,
                                             .get_local = tcp_get_local};
