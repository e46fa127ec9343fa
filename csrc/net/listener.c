/* SPDX-License-Identifier: MIT
 *
 * Opening in order: socket, handle, the engine's consent, reading. Each step
 * undoes those before it when it fails.
 */
#include "net/listener.h"

#include "base/error.h"
#include "net/door.h"
#include "net/send.h"
#include "net/socket.h"
#include "net/tcp.h"
#include "net/udp.h"

net_listener *net_listener_find(const net_engine *attached, uint32_t number) {
  const sip_link *head = &attached->listeners;
  for (sip_link *link = head->next; link != head; link = link->next) {
    net_listener *listener = SIP_CONTAINER(link, net_listener, link);
    if (listener->number == number) return listener;
  }
  return NULL;
}

static void on_closed(uv_handle_t *handle) {
  net_listener *listener = SIP_CONTAINER(handle, net_listener, poll);
  net_loop *loop = handle->loop->data;
  sip_alloc_free(&loop->alloc, listener, sizeof *listener);
}

void net_listener_close(net_listener *listener) {
  net_engine *attached = listener->owner;
  net_loop *loop = attached->loop;
  if (listener->number) sip_engine_remove_listener(attached->engine, listener->number);
  if (!sip_link_alone(&listener->link)) loop->counts.listeners--;
  sip_link_remove(&listener->link);
  sip_timer_stop(&loop->wheel, &listener->timer);
  net_udp_deinit(listener);
  net_tls_release(listener->tls);
  net_door_free(&loop->alloc, listener->door);
  uv_close((uv_handle_t *)&listener->poll, on_closed);
  net_socket_close(listener->fd);
}

/* Over TLS without a certificate of ours: others are connected to, and nobody is let in. */
static bool only_connects(sip_transport transport, const net_tls *tls) {
  return sip_transport_is_secure(transport) && !net_tls_has_identity(tls);
}

static int open_socket(const sip_listener *wanted, const net_tls *tls) {
  if (wanted->transport == SIP_TRANSPORT_UDP) return net_udp_open(&wanted->local);
  if (only_connects(wanted->transport, tls)) return net_tcp_reserve(&wanted->local);
  return net_tcp_open(&wanted->local);
}

/* The socket and its handle, which does not read yet. */
static int open_listener(net_engine *attached, const sip_listener *wanted, const net_tls *tls,
                         net_listener **out) {
  net_loop *loop = attached->loop;
  net_listener *listener = sip_alloc_zero(&loop->alloc, sizeof *listener);
  if (!listener) return SIP_E_MEMORY;
  listener->owner = attached;
  listener->transport = wanted->transport;
  listener->is_any = sip_sockaddr_is_any(&wanted->local);
  listener->full_since = SIP_TIME_NEVER;
  sip_link_init(&listener->link);
  sip_timer_init(&listener->timer);
  listener->timer.kind = NET_TIMER_LISTENER;
  int fd = open_socket(wanted, tls);
  int error = fd < 0 ? fd : uv_poll_init(&loop->uv, &listener->poll, fd);
  if (error) {
    if (fd >= 0) net_socket_close(fd);
    sip_alloc_free(&loop->alloc, listener, sizeof *listener);
    return error;
  }
  listener->fd = fd;
  net_socket_get_local(fd, &listener->local);
  *out = listener;
  return 0;
}

static bool is_spoken(sip_transport transport, const net_tls *tls) {
  if (transport == SIP_TRANSPORT_NONE || transport >= SIP_TRANSPORT_OTHER) return false;
  return !sip_transport_is_secure(transport) || tls;
}

/* What its connections need. */
static int furnish(net_listener *listener, const net_listen_options *options) {
  sip_transport transport = listener->transport;
  if (transport == SIP_TRANSPORT_UDP) return net_udp_init(listener);
  if (sip_transport_is_secure(transport)) listener->tls = net_tls_keep(options->tls);
  if (transport != SIP_TRANSPORT_WS && transport != SIP_TRANSPORT_WSS) return 0;
  listener->door = net_door_new(&listener->owner->loop->alloc, options);
  return listener->door ? 0 : SIP_E_MEMORY;
}

int net_listen(net_engine *attached, sip_listener *wanted, const net_listen_options *options,
               uint32_t *number) {
  bool is_udp = wanted->transport == SIP_TRANSPORT_UDP;
  if (!is_spoken(wanted->transport, options->tls)) return SIP_E_NO_ROUTE;
  net_listener *listener;
  int error = open_listener(attached, wanted, options->tls, &listener);
  if (error) return error;
  wanted->local = listener->local;
  error = furnish(listener, options);
  if (!error) error = sip_engine_add_listener(attached->engine, wanted, &listener->number);
  if (error) {
    net_listener_close(listener);
    return error;
  }
  sip_link_append(&attached->listeners, &listener->link);
  attached->loop->counts.listeners++;
  if (is_udp) {
    net_udp_start(listener);
  } else if (!only_connects(listener->transport, listener->tls)) {
    net_tcp_start(listener);
  }
  net_loop_touch(attached->loop); /* libuv registers descriptors inside its turn only */
  *number = listener->number;
  return 0;
}

/* Those that came by the listener, or were opened from it: its number may name
 * another one soon. */
static void close_connections(net_engine *attached, uint32_t number) {
  sip_link *head = &attached->connections;
  for (sip_link *link = head->next, *next = link->next; link != head;
       link = next, next = link->next) {
    net_connection *connection = SIP_CONTAINER(link, net_connection, link);
    if (connection->flow.listener == number) net_connection_close(connection, SIP_E_TRANSPORT);
  }
}

int net_unlisten(net_engine *attached, uint32_t number) {
  net_listener *listener = net_listener_find(attached, number);
  if (!listener) return SIP_E_GONE;
  net_flush_engine(attached);
  net_listener_close(listener);
  close_connections(attached, number);
  net_loop_touch(attached->loop);
  return 0;
}
