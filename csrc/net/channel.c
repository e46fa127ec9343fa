/* SPDX-License-Identifier: MIT
 *
 * A thin user of one stream, over TCP or TLS.
 */
#include "net/channel.h"

#include <errno.h>
#include <netinet/tcp.h>

#include "base/error.h"
#include "net/socket.h"
#include "net/tls_stream.h"

typedef struct net_channel {
  net_stream *stream; /* of one of these: */
  union {
    net_tcp_stream tcp;
    net_tls_stream tls;
  };
  bool is_tls;
  char name[NET_CHANNEL_NAME_MAX];
  net_channel_fn tell;
  void *context;
  sip_id id;
} net_channel;

static net_channel *of_stream(const net_stream *stream) {
  return stream->context;
}

static void close_one(net_channel *channel) {
  net_loop *loop = channel->stream->loop;
  sip_slots_remove(&loop->channels, channel->id);
  loop->counts.channels--;
  net_stream_close(channel->stream);
}

static void tell(const net_channel *channel, net_channel_event event, sip_str bytes) {
  channel->tell(channel->context,
                &(net_channel_news){.id = channel->id, .event = event, .bytes = bytes});
}

/* --- What the stream tells -------------------------------------------------------- */

static void on_opened(net_stream *stream) {
  stream->loop->counts.connected++;
  tell(of_stream(stream), NET_CHANNEL_OPENED, sip_str_make(NULL, 0));
}

static size_t on_room(const net_stream *stream) {
  (void)stream;
  return NET_SCRATCH_SIZE;
}

static void on_received(net_stream *stream, sip_str bytes) {
  tell(of_stream(stream), NET_CHANNEL_RECEIVED, bytes);
}

static void on_writable(net_stream *stream) {
  tell(of_stream(stream), NET_CHANNEL_WRITABLE, sip_str_make(NULL, 0));
}

static void on_finished(net_stream *stream) {
  tell(of_stream(stream), NET_CHANNEL_FINISHED, sip_str_make(NULL, 0));
}

/* `failed` follows, and says it. */
static void on_refused(net_stream *stream, const char *why) {
  (void)stream;
  (void)why;
}

static void on_failed(net_stream *stream, int error) {
  net_channel *channel = of_stream(stream);
  net_channel_news news = {.id = channel->id, .event = NET_CHANNEL_FAILED, .error = error};
  close_one(channel);
  channel->tell(channel->context, &news);
}

static void on_closed(net_stream *stream) {
  sip_alloc_free(&stream->loop->alloc, of_stream(stream), sizeof(net_channel));
}

static const net_stream_user stream_user = {.opened = on_opened,
                                            .room = on_room,
                                            .received = on_received,
                                            .writable = on_writable,
                                            .finished = on_finished,
                                            .refused = on_refused,
                                            .failed = on_failed,
                                            .closed = on_closed};

/* --- Opening ---------------------------------------------------------------------- */

static int connect_to(const net_channel_opening *opening) {
  int fd = net_socket_open(opening->remote.family, SOCK_STREAM);
  if (fd < 0) return fd;
  net_socket_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (opening->patience_ms) {
    net_socket_set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)opening->patience_ms);
  }
  if (opening->send_buffer) {
    net_socket_set(fd, SOL_SOCKET, SO_SNDBUF, (int)opening->send_buffer);
  }
  net_address address;
  socklen_t len = net_address_from(&address, &opening->remote);
  if (connect(fd, &address.any, len) == 0 || errno == EINPROGRESS) return fd;
  int error = -errno;
  net_socket_close(fd);
  return error;
}

static net_channel *new_channel(net_loop *loop, const net_channel_opening *opening) {
  net_channel *channel = sip_alloc_zero(&loop->alloc, sizeof *channel);
  if (!channel) return NULL;
  channel->tell = opening->tell;
  channel->context = opening->context;
  channel->is_tls = opening->tls != NULL;
  channel->stream = channel->is_tls ? &channel->tls.stream : &channel->tcp.stream;
  channel->stream->user = &stream_user;
  channel->stream->context = channel;
  if (opening->name.len) memcpy(channel->name, opening->name.ptr, opening->name.len);
  channel->id = sip_slots_add(&loop->channels, channel);
  if (channel->id) return channel;
  sip_alloc_free(&loop->alloc, channel, sizeof *channel);
  return NULL;
}

static net_tcp_stream *tcp_of(net_channel *channel) {
  return channel->is_tls ? &channel->tls.tcp : &channel->tcp;
}

static int open_stream(net_channel *channel, net_loop *loop, const net_channel_opening *opening,
                       int fd) {
  if (!opening->tls) return net_tcp_stream_open(&channel->tcp, loop, fd, true);
  net_tls_opening tls = {.tls = opening->tls,
                         .fd = fd,
                         .is_connecting = true,
                         .name = sip_str_make(channel->name, opening->name.len)};
  return net_tls_stream_open(&channel->tls, loop, &tls);
}

int net_channel_open(net_loop *loop, const net_channel_opening *opening, sip_id *id) {
  if (opening->name.len > NET_CHANNEL_NAME_MAX) return SIP_E_INVALID;
  if (loop->counts.channels >= loop->config.max_connections) return SIP_E_LIMIT;
  net_channel *channel = new_channel(loop, opening);
  if (!channel) return SIP_E_MEMORY;
  int fd = connect_to(opening);
  int error = fd < 0 ? fd : open_stream(channel, loop, opening, fd);
  if (error) {
    sip_slots_remove(&loop->channels, channel->id);
    sip_alloc_free(&loop->alloc, channel, sizeof *channel);
    return error;
  }
  loop->counts.channels++;
  *id = channel->id;
  return 0;
}

/* --- What its user does ------------------------------------------------------------- */

ssize_t net_channel_write(net_loop *loop, sip_id id, sip_str bytes) {
  net_channel *channel = sip_slots_find(&loop->channels, id);
  if (!channel) return SIP_E_GONE;
  if (tcp_of(channel)->is_connecting) return 0;
  struct iovec part = {(void *)(uintptr_t)bytes.ptr, bytes.len};
  return net_stream_write(channel->stream, &part, 1);
}

int net_channel_hold(net_loop *loop, sip_id id, bool is_held) {
  net_channel *channel = sip_slots_find(&loop->channels, id);
  if (!channel) return SIP_E_GONE;
  net_tcp_stream_hold(tcp_of(channel), is_held);
  return 0;
}

int net_channel_finish(net_loop *loop, sip_id id) {
  net_channel *channel = sip_slots_find(&loop->channels, id);
  if (!channel) return SIP_E_GONE;
  net_stream_finish(channel->stream);
  return 0;
}

void net_channel_close(net_loop *loop, sip_id id) {
  net_channel *channel = sip_slots_find(&loop->channels, id);
  if (channel) close_one(channel);
}

void net_channel_close_all(net_loop *loop) {
  size_t cursor = 0;
  net_channel *channel;
  while ((channel = sip_slots_next(&loop->channels, &cursor)) != NULL) close_one(channel);
}
