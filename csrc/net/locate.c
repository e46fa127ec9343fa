/* SPDX-License-Identifier: MIT
 *
 * A location asks the hosts file first: a name that is there is of this machine, and no
 * server is asked what else it might be. All its questions share one deadline, at which
 * it makes do with what was answered.
 */
#include "net/locate.h"

#include "base/error.h"
#include "net/listener.h"
#include "net/socket.h"
#include "sip/locator.h"

typedef struct net_location {
  sip_link link; /* in the engine's list */
  net_engine *attached;
  sip_query query; /* its host is of `locator` once that began, else of the engine */
  sip_time until;
  sip_locator locator;
} net_location;

/* False when no listener could send there. On a wildcard listener the engine
 * needs to hear which of our addresses Via and Contact can name. */
static bool complete_target(const net_engine *attached, sip_target *target) {
  bool is_reachable = false;
  const sip_link *head = &attached->listeners;
  for (sip_link *link = head->next; link != head; link = link->next) {
    const net_listener *listener = SIP_CONTAINER(link, net_listener, link);
    if (listener->transport != target->transport) continue;
    if (listener->local.family != target->address.family) continue;
    is_reachable = true;
    if (listener->is_any && !target->local.family) {
      net_socket_find_source(&target->address, &target->local);
    }
  }
  return is_reachable;
}

static uint8_t spoken_by(const net_engine *attached) {
  uint8_t spoken = 0;
  const sip_link *head = &attached->listeners;
  for (sip_link *link = head->next; link != head; link = link->next) {
    spoken |= sip_locator_bit(SIP_CONTAINER(link, net_listener, link)->transport);
  }
  return spoken;
}

bool net_locate_literal(net_engine *attached, const sip_query *query) {
  sip_target target = {.transport = query->transport};
  if (!target.transport) target.transport = query->secure ? SIP_TRANSPORT_TLS : SIP_TRANSPORT_UDP;
  uint16_t port = query->port ? query->port : sip_transport_default_port(target.transport);
  if (!sip_sockaddr_parse(query->host, port, &target.address)) return false;
  bool is_reachable = complete_target(attached, &target);
  sip_engine_resolved(attached->engine, net_loop_now(attached->loop), query->id, &target,
                      is_reachable ? 1 : 0, is_reachable ? 0 : SIP_E_NO_ROUTE);
  return true;
}

/* --- Names ----------------------------------------------------------------------------- */

static void close_location(net_location *location) {
  net_loop *loop = location->attached->loop;
  net_resolve_forget(loop, location);
  sip_link_remove(&location->link);
  sip_alloc_free(&loop->alloc, location, sizeof *location);
}

static void answer(net_engine *attached, sip_id query, const sip_target *targets, int count) {
  sip_engine_resolved(attached->engine, net_loop_now(attached->loop), query, targets,
                      count > 0 ? (size_t)count : 0, count > 0 ? 0 : count);
}

/* The targets that some listener can send to. */
static void finish(net_location *location) {
  net_engine *attached = location->attached;
  sip_id query = location->query.id;
  sip_target targets[SIP_LOCATOR_TARGETS];
  int found = sip_locator_targets(&location->locator, targets), kept = 0;
  close_location(location);
  for (int i = 0; i < found; i++) {
    if (complete_target(attached, &targets[i])) targets[kept++] = targets[i];
  }
  if (found > 0 && kept == 0) found = SIP_E_NO_ROUTE;
  answer(attached, query, targets, kept > 0 ? kept : found);
}

static void on_answer(const net_question *question, const sip_dns_answer *answered);

/* Asks what there is to ask, and ends when nothing is left. */
static void proceed(net_location *location) {
  sip_locator *locator = &location->locator;
  sip_dns_question asked;
  while (sip_locator_next(locator, &asked)) {
    const net_question question = {.type = asked.type,
                                   .host = asked.name,
                                   .until = location->until,
                                   .done = on_answer,
                                   .context = location,
                                   .id = asked.number};
    int error = net_resolve(location->attached->loop, &question);
    if (!error) continue;
    sip_locator_answer(locator, asked.number, &(sip_dns_answer){.error = error});
  }
  if (sip_locator_is_done(locator)) finish(location);
}

static void on_answer(const net_question *question, const sip_dns_answer *answered) {
  net_location *location = question->context;
  sip_locator_answer(&location->locator, (uint32_t)question->id, answered);
  proceed(location);
}

static void begin(net_location *location, bool is_of_files) {
  const net_engine *attached = location->attached;
  const sip_locator_wish wish = {
      .query = &location->query,
      .spoken = spoken_by(attached),
      .plain = is_of_files,
      .random = location->query.steady ? NULL : &attached->loop->resolver.random};
  sip_locator_start(&location->locator, &wish);
  proceed(location);
}

static void on_files(const net_question *question, const sip_dns_answer *answered) {
  begin(question->context, answered->count > 0);
}

static net_location *location_new(net_engine *attached, const sip_query *query) {
  net_loop *loop = attached->loop;
  net_location *location = sip_alloc_new(&loop->alloc, sizeof *location);
  if (!location) return NULL;
  location->attached = attached;
  location->query = *query;
  location->until = net_loop_now(loop) + loop->config.resolve_ms;
  sip_link_init(&location->link);
  sip_link_append(&attached->locations, &location->link);
  return location;
}

void net_locate(net_engine *attached, const sip_query *query) {
  net_location *location = location_new(attached, query);
  if (!location) {
    answer(attached, query->id, NULL, SIP_E_MEMORY);
    return;
  }
  const net_question question = {.type = SIP_DNS_A,
                                 .is_of_files = true,
                                 .host = query->host,
                                 .until = location->until,
                                 .done = on_files,
                                 .context = location};
  int error = net_resolve(attached->loop, &question);
  if (!error) return;
  close_location(location);
  answer(attached, query->id, NULL, error);
}

void net_locate_forget(net_engine *attached) {
  while (!sip_link_alone(&attached->locations)) {
    close_location(SIP_CONTAINER(attached->locations.next, net_location, link));
  }
}
