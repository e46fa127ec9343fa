/* SPDX-License-Identifier: MIT
 *
 * A connection is a stream and the HTTP on it, in one block.
 */
#include "net/http_server.h"

#include "base/error.h"
#include "net/address.h"
#include "net/socket.h"
#include "net/stream_open.h"
#include "net/tcp.h"

enum { CONNECTIONS_MAX = 1024, ACCEPT_BATCH = 64, REST_MS = 100 };

struct net_http_server {
  sip_link link; /* in loop->http_servers */
  net_loop *loop;
  net_http_server_config config;
  int fd;
  uv_poll_t poll;
  sip_timer timer; /* when accepting starts again */
  sip_link connections;
  uint32_t count;
  bool is_closed;
};

typedef struct connection {
  sip_link link;
  net_http_server *server;
  net_http *http; /* NULL: it is being closed */
  net_stream *stream;
} connection;

static connection *of_stream(const net_stream *stream) {
  return stream->context;
}

/* --- Connections --------------------------------------------------------------------------- */

static void close_connection(connection *one) {
  if (!one->http) return;
  net_http_close(one->http);
  one->http = NULL;
  sip_link_remove(&one->link);
  one->server->loop->counts.connections--;
  net_stream_close(one->stream);
}

static void on_ended(void *context, int error) {
  (void)error;
  close_connection(context);
}

static void on_opened(net_stream *stream) {
  (void)stream;
}

static size_t room(const net_stream *stream) {
  (void)stream;
  return NET_SCRATCH_SIZE;
}

static void on_received(net_stream *stream, sip_str bytes) {
  net_http_received(of_stream(stream)->http, bytes);
}

static void on_writable(net_stream *stream) {
  net_http_writable(of_stream(stream)->http);
}

static void on_finished(net_stream *stream) {
  net_http_finished(of_stream(stream)->http);
}

static void on_refused(net_stream *stream, const char *why) {
  (void)stream;
  (void)why;
}

static void on_failed(net_stream *stream, int error) {
  (void)error;
  close_connection(of_stream(stream));
}

static void on_stream_closed(net_stream *stream) {
  connection *one = of_stream(stream);
  net_http_server *server = one->server;
  size_t size = sizeof *one + stream->kind->size;
  server->count--;
  sip_alloc_free(&server->loop->alloc, one, size);
  if (server->is_closed && server->count == 0) {
    sip_alloc_free(&server->loop->alloc, server, sizeof *server);
  }
}

static const net_stream_user stream_user = {.opened = on_opened,
                                            .room = room,
                                            .received = on_received,
                                            .writable = on_writable,
                                            .finished = on_finished,
                                            .refused = on_refused,
                                            .failed = on_failed,
                                            .closed = on_stream_closed};

/* Takes over the descriptor. */
static void admit(net_http_server *server, int fd, const net_address *remote) {
  net_loop *loop = server->loop;
  sip_transport transport = server->config.tls ? SIP_TRANSPORT_TLS : SIP_TRANSPORT_TCP;
  size_t stream_size = net_stream_kind_of(transport)->size;
  connection *one = NULL;
  if (server->count < server->config.max_connections) {
    one = sip_alloc_zero(&loop->alloc, sizeof *one + stream_size);
  }
  if (!one) {
    loop->counts.refused++;
    net_socket_close(fd);
    return;
  }
  one->server = server;
  one->stream = (net_stream *)(void *)(one + 1);
  one->stream->user = &stream_user;
  one->stream->context = one;
  net_http_opening opening = {
      .stream = one->stream, .host = &server->config.host, .ended = on_ended, .context = one};
  net_address_to(&opening.remote, remote);
  one->http = net_http_open(loop, &opening);
  net_stream_opening how = {.fd = fd, .transport = transport, .tls = server->config.tls};
  if (!one->http || net_stream_open(one->stream, loop, &how) != 0) {
    if (one->http) net_http_close(one->http);
    sip_alloc_free(&loop->alloc, one, sizeof *one + stream_size);
    loop->counts.refused++;
    return;
  }
  sip_link_init(&one->link);
  sip_link_append(&server->connections, &one->link);
  server->count++;
  loop->counts.connections++;
  loop->counts.accepted++;
}

/* --- Accepting -------------------------------------------------------------------------------- */

static void on_ready(uv_poll_t *poll, int status, int events) {
  (void)status;
  (void)events;
  net_http_server *server = SIP_CONTAINER(poll, net_http_server, poll);
  for (int i = 0; i < ACCEPT_BATCH; i++) {
    net_address remote;
    int fd = net_tcp_accept(server->fd, &remote);
    if (fd == UV_EAGAIN) return;
    if (fd < 0) {
      uv_poll_stop(&server->poll);
      sip_timer_start(&server->loop->wheel, &server->timer, net_loop_now(server->loop) + REST_MS);
      return;
    }
    admit(server, fd, &remote);
  }
}

void net_http_server_resume(sip_timer *timer) {
  net_http_server *server = SIP_CONTAINER(timer, net_http_server, timer);
  uv_poll_start(&server->poll, UV_READABLE, on_ready);
}

int net_http_server_open(net_loop *loop, const net_http_server_config *config,
                         net_http_server **out, sip_sockaddr *bound) {
  if (config->tls && !net_tls_has_identity(config->tls)) return SIP_E_TLS;
  net_http_server *server = sip_alloc_zero(&loop->alloc, sizeof *server);
  if (!server) return SIP_E_MEMORY;
  *server = (net_http_server){.loop = loop, .config = *config};
  if (!server->config.max_connections) server->config.max_connections = CONNECTIONS_MAX;
  server->fd = net_tcp_open(&config->local);
  int error = server->fd < 0 ? server->fd : uv_poll_init(&loop->uv, &server->poll, server->fd);
  if (error) {
    if (server->fd >= 0) net_socket_close(server->fd);
    sip_alloc_free(&loop->alloc, server, sizeof *server);
    return error;
  }
  net_socket_get_local(server->fd, bound);
  if (config->tls) net_tls_keep(config->tls);
  sip_timer_init(&server->timer);
  server->timer.kind = NET_TIMER_HTTP_SERVER;
  sip_link_init(&server->connections);
  sip_link_init(&server->link);
  sip_link_append(&loop->http_servers, &server->link);
  loop->counts.listeners++;
  net_http_server_resume(&server->timer);
  net_loop_touch(loop);
  *out = server;
  return 0;
}

/* --- Closing
 * -------------------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle) {
  net_http_server *server = SIP_CONTAINER(handle, net_http_server, poll);
  server->is_closed = true;
  if (server->count > 0) return; /* the last connection frees it */
  sip_alloc_free(&server->loop->alloc, server, sizeof *server);
}

void net_http_server_close(net_http_server *server) {
  net_loop *loop = server->loop;
  sip_link_remove(&server->link);
  sip_timer_stop(&loop->wheel, &server->timer);
  loop->counts.listeners--;
  while (!sip_link_alone(&server->connections)) {
    close_connection(SIP_CONTAINER(server->connections.next, connection, link));
  }
  net_tls_release(server->config.tls);
  uv_close((uv_handle_t *)&server->poll, on_closed);
  net_socket_close(server->fd);
}

void net_http_server_close_all(net_loop *loop) {
  while (!sip_link_alone(&loop->http_servers)) {
    net_http_server_close(SIP_CONTAINER(loop->http_servers.next, net_http_server, link));
  }
}
