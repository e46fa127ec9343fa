/* SPDX-License-Identifier: MIT
 *
 * A lookup is in one list: `asked`, then `answered`. c-ares may still hold one
 * that was answered at its deadline, so it is freed when both are through.
 */
#include "net/resolve.h"

#include <netdb.h>
#include <string.h>

#include "base/error.h"
#include "net/address.h"
#include "net/state.h"

enum {
  HOST_MAX = 255, /* RFC 1035 2.3.4 */
  ADDRESSES_MAX = 16,
  LOOKUPS_MAX = 4096,
  TRY_MS = 1500, /* for one server, so that a second has its time before the deadline */
  TRIES = 2
};

typedef struct net_lookup {
  sip_link link;
  sip_timer timer;
  net_loop *loop;
  net_question question; /* done NULL: nobody waits any more */
  bool is_held;          /* by c-ares */
  int error;
  size_t count;
  sip_sockaddr addresses[ADDRESSES_MAX];
} net_lookup;

/* A descriptor of c-ares. */
typedef struct net_resolver_socket {
  sip_link link;
  uv_poll_t poll;
  ares_socket_t fd;
  net_loop *loop;
} net_resolver_socket;

/* --- c-ares on the loop ------------------------------------------------------- */

static void arm(net_loop *loop) {
  struct timeval left;
  net_resolver *resolver = &loop->resolver;
  if (!ares_timeout(resolver->channel, NULL, &left)) {
    sip_timer_stop(&loop->wheel, &resolver->timer);
    return;
  }
  sip_time in_ms = (sip_time)left.tv_sec * 1000 + left.tv_usec / 1000 + 1;
  sip_timer_start(&loop->wheel, &resolver->timer, net_loop_now(loop) + in_ms);
}

void net_resolver_expire(sip_timer *timer, net_loop *loop) {
  (void)timer;
  ares_process_fd(loop->resolver.channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  arm(loop);
}

static void on_ready(uv_poll_t *poll, int status, int events) {
  net_resolver_socket *socket = SIP_CONTAINER(poll, net_resolver_socket, poll);
  net_loop *loop = socket->loop;
  bool reads = status < 0 || events & UV_READABLE;
  bool writes = status < 0 || events & UV_WRITABLE;
  ares_process_fd(loop->resolver.channel, reads ? socket->fd : ARES_SOCKET_BAD,
                  writes ? socket->fd : ARES_SOCKET_BAD);
  arm(loop);
}

static net_resolver_socket *find_socket(const net_resolver *resolver, ares_socket_t fd) {
  const sip_link *head = &resolver->sockets;
  for (sip_link *link = head->next; link != head; link = link->next) {
    net_resolver_socket *socket = SIP_CONTAINER(link, net_resolver_socket, link);
    if (socket->fd == fd) return socket;
  }
  return NULL;
}

/* NULL: nothing is read from that descriptor, and the deadline answers. */
static net_resolver_socket *add_socket(net_loop *loop, ares_socket_t fd) {
  net_resolver_socket *socket = sip_alloc_zero(&loop->alloc, sizeof *socket);
  if (!socket) return NULL;
  if (uv_poll_init(&loop->uv, &socket->poll, fd) != 0) {
    sip_alloc_free(&loop->alloc, socket, sizeof *socket);
    return NULL;
  }
  socket->fd = fd;
  socket->loop = loop;
  sip_link_append(&loop->resolver.sockets, &socket->link);
  return socket;
}

static void on_socket_closed(uv_handle_t *handle) {
  net_resolver_socket *socket = SIP_CONTAINER(handle, net_resolver_socket, poll);
  sip_alloc_free(&socket->loop->alloc, socket, sizeof *socket);
}

/* c-ares waits for something on a descriptor, or with neither will close it. */
static void on_socket_state(void *context, ares_socket_t fd, int readable, int writable) {
  net_loop *loop = context;
  net_resolver_socket *socket = find_socket(&loop->resolver, fd);
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

static int open_channel(net_loop *loop) {
  net_resolver *resolver = &loop->resolver;
  if (resolver->is_open) return 0;
  if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) return SIP_E_DNS;
  struct ares_options options = {.timeout = TRY_MS,
                                 .tries = TRIES,
                                 .sock_state_cb = on_socket_state,
                                 .sock_state_cb_data = loop};
  int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
  if (ares_init_options(&resolver->channel, &options, mask) != ARES_SUCCESS) {
    ares_library_cleanup();
    return SIP_E_DNS;
  }
  resolver->is_open = true;
  const char *servers = loop->name_servers;
  if (servers && ares_set_servers_ports_csv(resolver->channel, servers) != ARES_SUCCESS) {
    return SIP_E_DNS;
  }
  return 0;
}

/* --- Lookups -------------------------------------------------------------------- */

static void free_lookup(net_lookup *lookup) {
  sip_link_remove(&lookup->link);
  sip_alloc_free(&lookup->loop->alloc, lookup, sizeof *lookup);
}

/* The answer is known; it is told in the turn. Without one who waits, it ends. */
static void settle(net_lookup *lookup, int error) {
  net_loop *loop = lookup->loop;
  sip_timer_stop(&loop->wheel, &lookup->timer);
  lookup->error = lookup->count > 0 ? 0 : error;
  sip_link_remove(&lookup->link);
  sip_link_append(&loop->resolver.answered, &lookup->link);
  loop->is_woken = true;
}

void net_lookup_expire(sip_timer *timer, net_loop *loop) {
  (void)loop;
  settle(SIP_CONTAINER(timer, net_lookup, timer), SIP_E_TIMEOUT);
}

static int error_of(int status) {
  switch (status) {
  case ARES_ETIMEOUT:
    return SIP_E_TIMEOUT;
  case ARES_ENOMEM:
    return SIP_E_MEMORY;
  default:
    return SIP_E_DNS;
  }
}

static void on_answer(void *context, int status, int timeouts, struct ares_addrinfo *answer) {
  (void)timeouts;
  net_lookup *lookup = context;
  lookup->is_held = false;
  bool is_waiting = lookup->question.done && sip_timer_started(&lookup->timer);
  const struct ares_addrinfo_node *node = answer ? answer->nodes : NULL;
  for (; is_waiting && node && lookup->count < ADDRESSES_MAX; node = node->ai_next) {
    net_address address = {0};
    size_t len = (size_t)node->ai_addrlen;
    memcpy(&address, node->ai_addr, len < sizeof address ? len : sizeof address);
    sip_sockaddr *out = &lookup->addresses[lookup->count];
    net_address_to(out, &address);
    if (out->family) lookup->count++;
  }
  if (answer) ares_freeaddrinfo(answer);
  if (is_waiting) {
    settle(lookup, error_of(status));
  } else if (!lookup->question.done) {
    free_lookup(lookup);
  }
}

static void ask(net_lookup *lookup, const char *host) {
  net_loop *loop = lookup->loop;
  int error = open_channel(loop);
  if (error) {
    settle(lookup, error);
    return;
  }
  struct ares_addrinfo_hints hints = {.ai_flags = ARES_AI_ENVHOSTS, /* $CARES_HOSTS */
                                      .ai_family = AF_UNSPEC,
                                      .ai_socktype = SOCK_STREAM};
  lookup->is_held = true;
  ares_getaddrinfo(loop->resolver.channel, host, NULL, &hints, on_answer, lookup);
  arm(loop);
}

static bool ends_with(sip_str text, sip_str end) {
  if (text.len < end.len) return false;
  return sip_str_equal_nocase(sip_str_make(text.ptr + text.len - end.len, end.len), end);
}

/* RFC 6761 6.3: the loopback, whatever files and servers say, or do not. */
static bool is_localhost(sip_str host) {
  if (host.len > 0 && host.ptr[host.len - 1] == '.') host.len--;
  return sip_str_equal_nocase(host, SIP_STR("localhost")) || ends_with(host, SIP_STR(".localhost"));
}

/* True when nobody needs to be asked. */
static bool answer_at_once(net_lookup *lookup, sip_str host) {
  sip_sockaddr *out = lookup->addresses;
  if (sip_sockaddr_parse(host, 0, out)) {
    lookup->count = 1;
  } else if (is_localhost(host)) {
    sip_sockaddr_parse(SIP_STR("127.0.0.1"), 0, out);
    sip_sockaddr_parse(SIP_STR("::1"), 0, out + 1);
    lookup->count = 2;
  }
  return lookup->count > 0;
}

int net_resolve(net_loop *loop, const net_question *question) {
  if (loop->counts.lookups >= LOOKUPS_MAX) return SIP_E_LIMIT;
  net_lookup *lookup = sip_alloc_zero(&loop->alloc, sizeof *lookup);
  if (!lookup) return SIP_E_MEMORY;
  lookup->loop = loop;
  lookup->question = *question;
  lookup->question.host = (sip_str){0};
  sip_timer_init(&lookup->timer);
  lookup->timer.kind = NET_TIMER_LOOKUP;
  sip_link_init(&lookup->link);
  sip_link_append(&loop->resolver.asked, &lookup->link);
  loop->counts.lookups++;
  sip_timer_start(&loop->wheel, &lookup->timer, net_loop_now(loop) + loop->config.resolve_ms);
  if (answer_at_once(lookup, question->host)) {
    settle(lookup, 0);
    return 0;
  }
  char host[HOST_MAX + 1] = {0};
  if (question->host.len == 0 || question->host.len > HOST_MAX ||
      memchr(question->host.ptr, 0, question->host.len)) {
    settle(lookup, SIP_E_DNS);
    return 0;
  }
  memcpy(host, question->host.ptr, question->host.len);
  ask(lookup, host);
  return 0;
}

/* Nobody waits for it any more; c-ares may. */
static void drop(net_lookup *lookup) {
  lookup->loop->counts.lookups--;
  lookup->question.done = NULL;
  sip_timer_stop(&lookup->loop->wheel, &lookup->timer);
  sip_link_remove(&lookup->link);
  if (!lookup->is_held) free_lookup(lookup);
}

static void forget_in(sip_link *list, const void *context) {
  for (sip_link *link = list->next, *next = link->next; link != list;
       link = next, next = link->next) {
    net_lookup *lookup = SIP_CONTAINER(link, net_lookup, link);
    if (lookup->question.context == context) drop(lookup);
  }
}

void net_resolve_forget(net_loop *loop, const void *context) {
  forget_in(&loop->resolver.asked, context);
  forget_in(&loop->resolver.answered, context);
}

void net_resolver_tell(net_loop *loop) {
  sip_link *answered = &loop->resolver.answered;
  while (!sip_link_alone(answered)) {
    net_lookup *lookup = SIP_CONTAINER(answered->next, net_lookup, link);
    net_lookup answer = *lookup;
    drop(lookup);
    answer.question.done(&answer.question, answer.addresses, answer.count, answer.error);
  }
}

void net_resolver_init(net_resolver *resolver) {
  *resolver = (net_resolver){0};
  sip_timer_init(&resolver->timer);
  resolver->timer.kind = NET_TIMER_RESOLVER;
  sip_link_init(&resolver->sockets);
  sip_link_init(&resolver->asked);
  sip_link_init(&resolver->answered);
}

static void drop_all(sip_link *list) {
  while (!sip_link_alone(list)) drop(SIP_CONTAINER(list->next, net_lookup, link));
}

void net_resolver_deinit(net_loop *loop) {
  net_resolver *resolver = &loop->resolver;
  drop_all(&resolver->asked);
  drop_all(&resolver->answered);
  if (!resolver->is_open) return;
  ares_destroy(resolver->channel); /* answers what it holds, which frees it */
  ares_library_cleanup();
  sip_timer_stop(&loop->wheel, &resolver->timer);
  resolver->is_open = false;
}
