/* SPDX-License-Identifier: MIT
 *
 * Accepting in batches. Without descriptors or memory the listener rests for a
 * while, since a pending connection keeps it readable and polling would spin;
 * the peers wait in the backlog.
 */
#include "net/tcp.h"

#include <errno.h>
#include <netinet/tcp.h>

#include "base/error.h"
#include "net/door.h"
#include "net/socket.h"
#include "sip/engine_guard.h"

enum {
  BACKLOG = 1024,
  ACCEPT_BATCH = 64,
  REST_MS = 100,
  KEEPALIVE_IDLE_S = 300, /* a peer that vanished without a word is found out */
  KEEPALIVE_STEP_S = 30,
  UNACKNOWLEDGED_MS = 32000 /* 64*T1: after that no transaction waits for those bytes */
};

int net_tcp_reserve(const sip_sockaddr *local) {
  int fd = net_socket_open(local->family, SOCK_STREAM);
  if (fd < 0) return fd;
  net_socket_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  int error = net_socket_bind(fd, local);
  if (!error) return fd;
  net_socket_close(fd);
  return error;
}

int net_tcp_open(const sip_sockaddr *local) {
  int fd = net_tcp_reserve(local);
  if (fd < 0 || listen(fd, BACKLOG) == 0) return fd;
  int error = -errno;
  net_socket_close(fd);
  return error;
}

static void set_options(int fd) {
  net_socket_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  net_socket_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  net_socket_set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
  net_socket_set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_STEP_S);
  net_socket_set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS);
}

/* --- Accepting ---------------------------------------------------------------- */

static void admit(net_listener *listener, int fd, const net_address *remote) {
  net_loop *loop = listener->owner->loop;
  sip_flow flow = {.listener = listener->number, .transport = listener->transport};
  net_address_to(&flow.remote, remote);
  if (loop->counts.connections >= loop->config.max_connections ||
      sip_engine_refuses(listener->owner->engine, net_loop_now(loop), &flow.remote)) {
    loop->counts.refused++;
    net_socket_close(fd);
    return;
  }
  net_socket_get_local(fd, &flow.local);
  int error;
  net_opening opening = {.fd = fd, .flow = &flow, .tls = listener->tls, .door = listener->door};
  if (net_connection_open(listener->owner, &opening, &error)) {
    loop->counts.accepted++;
  } else {
    loop->counts.refused++;
  }
}

/* Errors of the connection that was to be accepted, not of accepting
 * (accept(2)); the next may do better. */
static bool is_of_peer(int error) {
  switch (error) {
  case EINTR:
  case ECONNABORTED:
  case EPROTO:
  case EPERM:
  case ENETDOWN:
  case ENOPROTOOPT:
  case EHOSTDOWN:
  case ENONET:
  case EHOSTUNREACH:
  case EOPNOTSUPP:
  case ENETUNREACH:
    return true;
  default:
    return false;
  }
}

int net_tcp_accept(int fd, net_address *remote) {
  for (int i = 0; i < ACCEPT_BATCH; i++) {
    *remote = (net_address){0};
    socklen_t len = sizeof *remote;
    int accepted = accept4(fd, &remote->any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted >= 0) {
      set_options(accepted);
      return accepted;
    }
    if (!is_of_peer(errno)) return -errno;
  }
  return -EAGAIN;
}

static void on_ready(uv_poll_t *poll, int status, int events) {
  (void)status;
  (void)events;
  net_listener *listener = SIP_CONTAINER(poll, net_listener, poll);
  net_loop *loop = listener->owner->loop;
  for (int i = 0; i < ACCEPT_BATCH; i++) {
    net_address remote;
    int fd = net_tcp_accept(listener->fd, &remote);
    if (fd >= 0) {
      admit(listener, fd, &remote);
    } else if (fd == -EAGAIN) {
      return;
    } else {
      uv_poll_stop(&listener->poll);
      sip_timer_start(&loop->wheel, &listener->timer, net_loop_now(loop) + REST_MS);
      return;
    }
  }
}

void net_tcp_start(net_listener *listener) {
  uv_poll_start(&listener->poll, UV_READABLE, on_ready);
}

void net_tcp_resume(sip_timer *timer) {
  net_tcp_start(SIP_CONTAINER(timer, net_listener, timer));
}

/* --- Connecting --------------------------------------------------------------- */

static int connect_from(int fd, const net_listener *listener, const sip_sockaddr *remote) {
  if (listener && !listener->is_any && listener->local.family == remote->family) {
    sip_sockaddr local = listener->local;
    local.port = 0;
    net_socket_set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    int error = net_socket_bind(fd, &local);
    if (error) return error;
  }
  net_address address;
  socklen_t len = net_address_from(&address, remote);
  if (connect(fd, &address.any, len) == 0 || errno == EINPROGRESS) return 0;
  return -errno;
}

net_connection *net_tcp_connect(net_engine *attached, const sip_flow *flow, sip_str peer,
                                int *error) {
  net_loop *loop = attached->loop;
  bool is_secure = sip_transport_is_secure(flow->transport);
  if (is_secure && (!attached->tls || peer.len == 0)) {
    *error = SIP_E_TLS; /* whom to expect is not known */
    return NULL;
  }
  if (loop->counts.connections >= loop->config.max_connections) {
    *error = SIP_E_LIMIT;
    return NULL;
  }
  int fd = net_socket_open(flow->remote.family, SOCK_STREAM);
  if (fd < 0) {
    *error = fd;
    return NULL;
  }
  set_options(fd);
  *error = connect_from(fd, net_listener_find(attached, flow->listener), &flow->remote);
  if (*error) {
    net_socket_close(fd);
    return NULL;
  }
  net_opening opening = {
      .fd = fd, .flow = flow, .is_connecting = true, .tls = attached->tls, .peer = peer};
  if (flow->transport == SIP_TRANSPORT_TCP) opening.peer = sip_str_make(NULL, 0);
  return net_connection_open(attached, &opening, error);
}
