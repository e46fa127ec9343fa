/* SPDX-License-Identifier: MIT
 *
 * Whatever a callback does (close a listener, detach an engine, attach another) the turn
 * goes on: engines are visited from a list that each leaves before its callback runs.
 */
#include "net/turn.h"

#include "net/connection.h"
#include "net/guest.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/listener.h"
#include "net/locate.h"
#include "net/redis.h"
#include "net/send.h"
#include "net/tcp.h"
#include "net/workers.h"
#include "sip/engine_guard.h"

static void advance_engines(net_loop *loop, sip_time now) {
  const sip_link *head = &loop->engines;
  for (sip_link *link = head->next; link != head; link = link->next) {
    sip_engine *engine = SIP_CONTAINER(link, net_engine, link)->engine;
    if (sip_engine_deadline(engine) <= now) sip_engine_advance(engine, now);
  }
}

static void expire_own(net_loop *loop, sip_time now) {
  sip_timer *timer;
  while ((timer = sip_wheel_expire(&loop->wheel, now)) != NULL) {
    switch ((net_timer_kind)timer->kind) {
    case NET_TIMER_CONNECTION:
      net_connection_expire(timer, loop);
      break;
    case NET_TIMER_LISTENER:
      net_tcp_resume(timer);
      break;
    case NET_TIMER_LOOKUP:
      net_lookup_expire(timer, loop);
      break;
    case NET_TIMER_RESOLVER:
      net_dns_channel_expire(timer, loop);
      break;
    case NET_TIMER_REDIS:
      net_redis_expire(timer, loop);
      break;
    case NET_TIMER_HTTP:
      net_http_expire(timer, loop);
      break;
    case NET_TIMER_HTTP_SERVER:
      net_http_server_resume(timer);
      break;
    case NET_TIMER_HTTP_CLIENT:
      net_http_client_expire(timer, loop);
      break;
    }
  }
}

static void tell_events(net_engine *attached) {
  const net_config *config = &attached->loop->config;
  sip_engine_counts counts;
  sip_engine_get_counts(attached->engine, &counts);
  if (counts.events > 0) config->callbacks->events(config->context, attached->tag);
}

static void ask_queries(net_engine *attached) {
  const net_config *config = &attached->loop->config;
  sip_query query;
  while (!attached->is_gone && sip_engine_next_query(attached->engine, &query)) {
    if (net_locate_literal(attached, &query)) continue;
    if (config->callbacks->query(config->context, attached->tag, &query)) continue;
    if (!attached->is_gone) net_locate(attached, &query);
  }
}

static void visit(net_loop *loop, void (*fn)(net_engine *attached)) {
  sip_link waiting;
  sip_link_init(&waiting);
  while (!sip_link_alone(&loop->engines)) {
    sip_link *link = loop->engines.next;
    sip_link_remove(link);
    sip_link_append(&waiting, link);
  }
  while (!sip_link_alone(&waiting)) {
    sip_link *link = waiting.next;
    sip_link_remove(link);
    sip_link_append(&loop->engines, link);
    fn(SIP_CONTAINER(link, net_engine, link));
  }
}

void net_turn_began(net_loop *loop) {
  if (loop->began_at != SIP_TIME_NEVER) return;
  loop->began_at = net_loop_now(loop);
  net_pace_woke(&loop->pace, net_clock_us());
}

/* How long the sockets of an engine have not been emptied. */
static sip_time backlog_of(net_engine *attached, sip_time now) {
  sip_time longest = 0;
  const sip_link *head = &attached->listeners;
  for (sip_link *link = head->next; link != head; link = link->next) {
    net_listener *listener = SIP_CONTAINER(link, net_listener, link);
    if (!listener->is_full) {
      listener->full_since = SIP_TIME_NEVER;
    } else if (listener->full_since == SIP_TIME_NEVER) {
      listener->full_since = now;
    } else if (now - listener->full_since > longest) {
      longest = now - listener->full_since;
    }
    listener->is_full = false;
  }
  return longest;
}

/* What came during the turn had to wait for its end, and what is still in the sockets for
 * longer: the engines' guards want to know. */
static void note_lateness(net_loop *loop) {
  if (loop->began_at == SIP_TIME_NEVER) return;
  sip_time now = net_loop_now(loop), turn = now - loop->began_at;
  loop->began_at = SIP_TIME_NEVER;
  const sip_link *head = &loop->engines;
  for (sip_link *link = head->next; link != head; link = link->next) {
    net_engine *attached = SIP_CONTAINER(link, net_engine, link);
    sip_time backlog = backlog_of(attached, now);
    sip_engine_note_lateness(attached->engine, now, (uint32_t)(backlog > turn ? backlog : turn));
  }
}

void net_turn_finish(net_loop *loop) {
  const net_config *config = &loop->config;
  sip_time now = net_loop_now(loop);
  net_resolver_tell(loop);
  net_http_tell(loop);
  net_http_client_tell(loop);
  net_child_tell(loop);
  net_workers_tell(loop);
  net_redis_tell(loop);
  advance_engines(loop, now);
  expire_own(loop, now);
  if (loop->watched && sip_wheel_deadline(loop->watched) <= now) {
    config->callbacks->timers(config->context, now);
  }
  net_signal_tell(loop);
  net_guest_tell(loop);
  visit(loop, tell_events);
  visit(loop, ask_queries);
  net_flush(loop);
  note_lateness(loop);
  config->callbacks->turned(config->context);
}

void net_turn_prepare(net_loop *loop) {
  visit(loop, ask_queries);
  net_flush(loop);
}
