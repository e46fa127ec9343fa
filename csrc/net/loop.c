/* SPDX-License-Identifier: MIT
 *
 * A loop's life, its deadlines, and how it waits.
 */
#include "net/loop.h"

#include <poll.h>

#include "base/error.h"
#include "net/channel.h"
#include "net/connection.h"
#include "net/guest.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/listener.h"
#include "net/locate.h"
#include "net/random.h"
#include "net/redis.h"
#include "net/send.h"
#include "net/tcp.h"
#include "net/turn.h"
#include "net/udp.h"
#include "net/workers.h"

enum {
  CONNECT_MS = 4000,
  IDLE_MS = 3900000,
  PARTIAL_MS = 30000,
  RESOLVE_MS = 5000,
  CONNECTIONS_MAX = 16384,
  QUEUE_MAX = 1 << 20
};

/* --- Life --------------------------------------------------------------------- */

static void set_default(uint32_t *field, uint32_t value) {
  if (*field == 0) *field = value;
}

static void take_config(net_loop *loop, const net_config *config) {
  loop->config = *config;
  set_default(&loop->config.connect_ms, CONNECT_MS);
  set_default(&loop->config.idle_ms, IDLE_MS);
  set_default(&loop->config.partial_ms, PARTIAL_MS);
  set_default(&loop->config.resolve_ms, RESOLVE_MS);
  set_default(&loop->config.max_connections, CONNECTIONS_MAX);
  set_default(&loop->config.max_queue, QUEUE_MAX);
  if (loop->config.limits.message_size == 0) loop->config.limits = sip_limits_default;
}

/* The handles that every loop has. */
static int open_handles(net_loop *loop) {
  int error = uv_loop_init(&loop->uv);
  if (error) return error;
  loop->uv.data = loop;
  uv_timer_init(&loop->uv, &loop->timer);
  error = uv_async_init(&loop->uv, &loop->waker, NULL);
  if (!error) return 0;
  uv_close((uv_handle_t *)&loop->timer, NULL);
  uv_run(&loop->uv, UV_RUN_DEFAULT);
  uv_loop_close(&loop->uv);
  return error;
}

static char *copy_text(net_loop *loop, const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = sip_alloc_new(&loop->alloc, size);
  return copy ? memcpy(copy, text, size) : NULL;
}

static void free_memory(net_loop *loop) {
  char *servers = loop->name_servers;
  if (servers) sip_alloc_free(&loop->alloc, servers, strlen(servers) + 1);
  sip_packet_release(loop->pong);
  net_queue_pool_deinit(&loop->pool);
  sip_map_deinit(&loop->remotes);
  sip_slots_deinit(&loop->connections);
  sip_slots_deinit(&loop->channels);
  sip_slots_deinit(&loop->web);
  sip_alloc alloc = loop->alloc;
  sip_alloc_free(&alloc, loop, sizeof *loop);
}

int net_loop_new(net_loop **out, const net_config *config) {
  sip_alloc alloc;
  sip_alloc_init(&alloc, config->alloc, config->alloc_context);
  net_loop *loop = sip_alloc_zero(&alloc, sizeof *loop);
  if (!loop) return SIP_E_MEMORY;
  loop->alloc = alloc;
  take_config(loop, config);
  loop->armed_at = loop->began_at = SIP_TIME_NEVER;
  net_pace_init(&loop->pace);
  sip_wheel_init(&loop->wheel, net_loop_now(loop));
  sip_link_init(&loop->engines);
  sip_link_init(&loop->gone);
  sip_link_init(&loop->guests);
  sip_link_init(&loop->unwritten);
  sip_slots_init(&loop->connections, &loop->alloc);
  sip_slots_init(&loop->channels, &loop->alloc);
  net_queue_pool_init(&loop->pool, &loop->alloc);
  sip_link_init(&loop->workers);
  sip_link_init(&loop->redises);
  sip_slots_init(&loop->web, &loop->alloc);
  sip_link_init(&loop->http_ready);
  sip_link_init(&loop->http_servers);
  sip_link_init(&loop->children.running);
  sip_link_init(&loop->children.ended);
  net_random(NULL, (unsigned char *)&loop->key, sizeof loop->key);
  net_resolver_init(loop);
  if (config->name_servers) loop->name_servers = copy_text(loop, config->name_servers);
  loop->pong = sip_packet_copy(&loop->alloc, SIP_STR("\r\n"));
  int error = sip_map_init(&loop->remotes, &loop->alloc);
  bool lacks_names = config->name_servers && !loop->name_servers;
  if (!error && (!loop->pong || lacks_names)) error = SIP_E_MEMORY;
  if (!error) error = open_handles(loop);
  if (error) {
    free_memory(loop);
    return error;
  }
  *out = loop;
  return 0;
}

void net_loop_free(net_loop *loop) {
  if (!loop) return;
  while (!sip_link_alone(&loop->engines)) {
    net_detach(SIP_CONTAINER(loop->engines.next, net_engine, link));
  }
  net_redis_close_all(loop);
  net_http_server_close_all(loop);
  net_http_client_close(loop);
  net_resolver_deinit(loop);
  net_workers_close_all(loop);
  net_child_close_all(loop);
  net_channel_close_all(loop);
  net_signal_close(loop);
  uv_close((uv_handle_t *)&loop->timer, NULL);
  uv_close((uv_handle_t *)&loop->waker, NULL);
  uv_run(&loop->uv, UV_RUN_DEFAULT); /* until every handle is closed */
  uv_loop_close(&loop->uv);
  net_udp_free_inbox(loop);
  free_memory(loop);
}

int net_attach(net_loop *loop, sip_engine *engine, void *tag, net_engine **out) {
  net_engine *attached = sip_alloc_zero(&loop->alloc, sizeof *attached);
  if (!attached) return SIP_E_MEMORY;
  *attached = (net_engine){.loop = loop, .engine = engine, .tag = tag};
  sip_link_init(&attached->listeners);
  sip_link_init(&attached->connections);
  sip_link_init(&attached->locations);
  sip_link_init(&attached->link);
  sip_link_append(&loop->engines, &attached->link);
  *out = attached;
  return 0;
}

void net_set_tls(net_engine *attached, net_tls *tls) {
  net_tls_keep(tls);
  net_tls_release(attached->tls);
  attached->tls = tls;
}

void net_detach(net_engine *attached) {
  net_loop *loop = attached->loop;
  if (attached->is_gone) return;
  net_flush_engine(attached);
  attached->is_gone = true;
  net_locate_forget(attached);
  while (!sip_link_alone(&attached->listeners)) {
    net_listener_close(SIP_CONTAINER(attached->listeners.next, net_listener, link));
  }
  while (!sip_link_alone(&attached->connections)) {
    net_connection_close(SIP_CONTAINER(attached->connections.next, net_connection, link), 0);
  }
  net_set_tls(attached, NULL);
  sip_link_remove(&attached->link);
  if (loop->is_turning) {
    sip_link_append(&loop->gone, &attached->link);
  } else {
    sip_alloc_free(&loop->alloc, attached, sizeof *attached);
  }
}

/* --- Deadlines ------------------------------------------------------------------ */

sip_time net_loop_now(const net_loop *loop) {
  return net_clock_now(&loop->config.clock);
}

double net_loop_clock(const net_loop *loop) {
  return net_clock_exact(&loop->config.clock);
}

int net_loop_advance(net_loop *loop, sip_time by_ms) {
  if (!loop->config.clock.is_manual) return SIP_E_STATE;
  loop->config.clock.manual_at += by_ms;
  return 0;
}

void net_loop_watch(net_loop *loop, const sip_wheel *wheel) {
  loop->watched = wheel;
}

static sip_time next_deadline(const net_loop *loop) {
  sip_time at = sip_wheel_deadline(&loop->wheel);
  if (loop->watched) {
    sip_time theirs = sip_wheel_deadline(loop->watched);
    if (theirs < at) at = theirs;
  }
  const sip_link *head = &loop->engines;
  for (sip_link *link = head->next; link != head; link = link->next) {
    sip_time theirs = sip_engine_deadline(SIP_CONTAINER(link, net_engine, link)->engine);
    if (theirs < at) at = theirs;
  }
  return at;
}

/* Something waits in an engine that the last turn did not see. */
static bool has_pending(const net_loop *loop) {
  const sip_link *head = &loop->engines;
  for (sip_link *link = head->next; link != head; link = link->next) {
    sip_engine_counts counts;
    sip_engine_get_counts(SIP_CONTAINER(link, net_engine, link)->engine, &counts);
    if (counts.events > 0 || counts.packets > 0 || counts.queries > 0) return true;
  }
  return false;
}

bool net_loop_is_empty(const net_loop *loop) {
  const net_counts *counts = &loop->counts;
  return counts->listeners == 0 && counts->connections == 0 && counts->lookups == 0 &&
         loop->held == 0 && counts->children == 0 && counts->channels == 0 && counts->jobs == 0 &&
         counts->commands == 0 && !loop->is_woken && next_deadline(loop) == SIP_TIME_NEVER &&
         !has_pending(loop);
}

int64_t net_loop_timeout(const net_loop *loop) {
  if (loop->is_woken || has_pending(loop)) return 0;
  sip_time at = next_deadline(loop);
  if (at == SIP_TIME_NEVER) return -1;
  sip_time now = net_loop_now(loop);
  return at > now ? at - now : 0;
}

/* Ends the wait. One that is due already runs before libuv polls, which would
 * then wait for something else (before libuv 1.45): uv_stop makes it not wait. */
static void on_timer(uv_timer_t *timer) {
  net_loop *loop = timer->loop->data;
  loop->armed_at = SIP_TIME_NEVER;
  uv_stop(&loop->uv);
}

/* Sets libuv's timer to the end of the wait. A manual clock says nothing about
 * how long that really is. */
static void arm(net_loop *loop, int64_t timeout_ms) {
  sip_time now = (sip_time)uv_now(&loop->uv);
  sip_time at = loop->config.clock.is_manual ? SIP_TIME_NEVER : next_deadline(loop);
  if (timeout_ms >= 0) {
    uv_update_time(&loop->uv);
    now = (sip_time)uv_now(&loop->uv);
    if (now + timeout_ms < at) at = now + timeout_ms;
  }
  if (at == loop->armed_at) return;
  loop->armed_at = at;
  if (at == SIP_TIME_NEVER) {
    uv_timer_stop(&loop->timer);
  } else {
    uv_timer_start(&loop->timer, on_timer, at > now ? (uint64_t)(at - now) : 0, 0);
  }
}

/* --- Waiting -------------------------------------------------------------------- */

static bool is_ready(const net_loop *loop) {
  struct pollfd polled = {.fd = uv_backend_fd(&loop->uv), .events = POLLIN};
  return poll(&polled, 1, 0) != 0;
}

/* Unless something is there already: rests, as net/pace.h says. */
static void rest(net_loop *loop) {
  if (!loop->may_rest || loop->config.clock.is_manual || is_ready(loop)) return;
  int64_t now_us = net_clock_us();
  uint32_t rest_us = net_pace_wait(&loop->pace, now_us);
  if (rest_us == 0) return;
  loop->counts.rests++;
  net_clock_rest_until(now_us + rest_us);
}

/* Until something happens, or for so long. */
static void wait(net_loop *loop, int64_t timeout_ms) {
  rest(loop);
  arm(loop, timeout_ms);
  uv_run(&loop->uv, UV_RUN_ONCE);
  if (loop->began_at == SIP_TIME_NEVER) net_pace_woke(&loop->pace, net_clock_us());
}

/* --- The turn ------------------------------------------------------------------- */

static void free_gone(net_loop *loop) {
  while (!sip_link_alone(&loop->gone)) {
    net_engine *attached = SIP_CONTAINER(loop->gone.next, net_engine, link);
    sip_link_remove(&attached->link);
    sip_alloc_free(&loop->alloc, attached, sizeof *attached);
  }
}

static uint64_t messages_in(const net_loop *loop) {
  return loop->counts.datagrams_in + loop->counts.messages_in;
}

bool net_loop_step(net_loop *loop, int64_t timeout_ms) {
  loop->is_turning = true;
  net_turn_prepare(loop);
  bool is_empty = net_loop_is_empty(loop);
  if (!is_empty) {
    bool waits = timeout_ms != 0 && !loop->is_woken && !has_pending(loop);
    uint64_t before = messages_in(loop);
    loop->is_woken = false;
    if (waits) {
      wait(loop, timeout_ms);
    } else {
      uv_run(&loop->uv, UV_RUN_NOWAIT);
    }
    net_turn_finish(loop);
    net_pace_turned(&loop->pace, messages_in(loop) - before);
    is_empty = net_loop_is_empty(loop);
  }
  free_gone(loop);
  loop->is_turning = false;
  return !is_empty;
}

void net_loop_let_rest(net_loop *loop, bool may_rest) {
  loop->may_rest = may_rest;
}

bool net_loop_is_turning(const net_loop *loop) {
  return loop->is_turning;
}

/* --- Waking and being driven ------------------------------------------------------ */

void net_loop_touch(net_loop *loop) {
  if (loop->is_exposed && !loop->is_turning) uv_async_send(&loop->waker);
}

void net_loop_wake(net_loop *loop) {
  loop->is_woken = true;
  net_loop_touch(loop);
}

int net_loop_descriptor(net_loop *loop) {
  if (!loop->is_exposed && !loop->is_turning) {
    loop->is_exposed = true;
    uv_run(&loop->uv, UV_RUN_NOWAIT); /* registers what there is with the descriptor */
  }
  return uv_backend_fd(&loop->uv);
}

void net_loop_get_counts(const net_loop *loop, net_counts *out) {
  *out = loop->counts;
  out->live_bytes = loop->alloc.live_bytes;
  out->live_blocks = loop->alloc.live_blocks;
}
