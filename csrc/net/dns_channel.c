/* SPDX-License-Identifier: MIT
 *
 * The descriptors that c-ares opens, and its one deadline.
 */
#include "net/dns_channel.h"

#include "base/error.h"
#include "net/state.h"

enum {
  TRY_MS = 1500, /* for one server, so that a second has its time before the deadline */
  TRIES = 2
};

/* A descriptor of c-ares. */
typedef struct net_dns_socket {
  sip_link link;
  uv_poll_t poll;
  ares_socket_t fd;
  net_loop *loop;
} net_dns_socket;

void net_dns_channel_arm(net_loop *loop) {
  struct timeval left;
  net_dns_channel *channel = &loop->resolver.channel;
  if (!channel->is_open) return;
  if (!ares_timeout(channel->ares, NULL, &left)) {
    sip_timer_stop(&loop->wheel, &channel->timer);
    return;
  }
  sip_time in_ms = (sip_time)left.tv_sec * 1000 + left.tv_usec / 1000 + 1;
  sip_timer_start(&loop->wheel, &channel->timer, net_loop_now(loop) + in_ms);
}

void net_dns_channel_expire(sip_timer *timer, net_loop *loop) {
  (void)timer;
  ares_process_fd(loop->resolver.channel.ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  net_dns_channel_arm(loop);
}

static void on_ready(uv_poll_t *poll, int status, int events) {
  net_dns_socket *socket = SIP_CONTAINER(poll, net_dns_socket, poll);
  net_loop *loop = socket->loop;
  bool reads = status < 0 || events & UV_READABLE;
  bool writes = status < 0 || events & UV_WRITABLE;
  ares_process_fd(loop->resolver.channel.ares, reads ? socket->fd : ARES_SOCKET_BAD,
                  writes ? socket->fd : ARES_SOCKET_BAD);
  net_dns_channel_arm(loop);
}

static net_dns_socket *find_socket(const net_dns_channel *channel, ares_socket_t fd) {
  const sip_link *head = &channel->sockets;
  for (sip_link *link = head->next; link != head; link = link->next) {
    net_dns_socket *socket = SIP_CONTAINER(link, net_dns_socket, link);
    if (socket->fd == fd) return socket;
  }
  return NULL;
}

/* NULL: nothing is read from that descriptor, and the deadline answers. */
static net_dns_socket *add_socket(net_loop *loop, ares_socket_t fd) {
  net_dns_socket *socket = sip_alloc_zero(&loop->alloc, sizeof *socket);
  if (!socket) return NULL;
  if (uv_poll_init(&loop->uv, &socket->poll, fd) != 0) {
    sip_alloc_free(&loop->alloc, socket, sizeof *socket);
    return NULL;
  }
  socket->fd = fd;
  socket->loop = loop;
  sip_link_append(&loop->resolver.channel.sockets, &socket->link);
  return socket;
}

static void on_socket_closed(uv_handle_t *handle) {
  net_dns_socket *socket = SIP_CONTAINER(handle, net_dns_socket, poll);
  sip_alloc_free(&socket->loop->alloc, socket, sizeof *socket);
}

/* c-ares waits for something on a descriptor, or with neither will close it. */
static void on_socket_state(void *context, ares_socket_t fd, int readable, int writable) {
  net_loop *loop = context;
  net_dns_socket *socket = find_socket(&loop->resolver.channel, fd);
  if (!readable && !writable) {
    if (!socket) return;
    sip_link_remove(&socket->link);
    uv_close((uv_handle_t *)&socket->poll, on_socket_closed);
    return;
  }
  if (!socket) socket = add_socket(loop, fd);
  if (!socket) return;
  uv_poll_start(&socket->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0),
                on_ready);
}

/* With the hosts file as the only place to look: NULL when there is no memory. */
static ares_channel open_files(void) {
  ares_channel files;
  char lookups[] = "f";
  struct ares_options options = {.lookups = lookups};
  return ares_init_options(&files, &options, ARES_OPT_LOOKUPS) == ARES_SUCCESS ? files : NULL;
}

int net_dns_channel_open(net_loop *loop) {
  net_dns_channel *channel = &loop->resolver.channel;
  if (channel->is_open) return 0;
  if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) return SIP_E_DNS;
  struct ares_options options = {.timeout = TRY_MS,
                                 .tries = TRIES,
                                 .sock_state_cb = on_socket_state,
                                 .sock_state_cb_data = loop};
  int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
  if (ares_init_options(&channel->ares, &options, mask) != ARES_SUCCESS) {
    ares_library_cleanup();
    return SIP_E_DNS;
  }
  channel->files = open_files();
  channel->is_open = true;
  const char *servers = loop->name_servers;
  if (servers && ares_set_servers_ports_csv(channel->ares, servers) != ARES_SUCCESS) {
    return SIP_E_DNS;
  }
  return 0;
}

void net_dns_channel_init(net_dns_channel *channel) {
  *channel = (net_dns_channel){0};
  sip_timer_init(&channel->timer);
  channel->timer.kind = NET_TIMER_RESOLVER;
  sip_link_init(&channel->sockets);
}

void net_dns_channel_close(net_loop *loop) {
  net_dns_channel *channel = &loop->resolver.channel;
  if (!channel->is_open) return;
  ares_destroy(channel->ares);
  if (channel->files) ares_destroy(channel->files);
  ares_library_cleanup();
  sip_timer_stop(&loop->wheel, &channel->timer);
  channel->is_open = false;
}
