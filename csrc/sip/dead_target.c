/* SPDX-License-Identifier: MIT
 *
 * A table of small sets, which the keyed hash of transport and address picks from.
 */
#include "sip/dead_target.h"

enum { SETS = 64, WAYS = 4 };

typedef struct sip_dead_target {
  sip_sockaddr address;
  sip_transport transport;
  sip_time until; /* not dead from then on */
} sip_dead_target;

static sip_dead_target *set_of(const sip_engine *engine, const sip_sockaddr *address) {
  return engine->dead + sip_sockaddr_hash(engine->key, address) % SETS * WAYS;
}

static bool is_of(const sip_dead_target *one, sip_transport transport,
                  const sip_sockaddr *address) {
  return one->transport == transport && sip_sockaddr_equal(&one->address, address);
}

static sip_dead_target *find(const sip_engine *engine, sip_transport transport,
                             const sip_sockaddr *address) {
  if (!engine->dead) return NULL;
  sip_dead_target *set = set_of(engine, address);
  for (int way = 0; way < WAYS; way++) {
    if (is_of(&set[way], transport, address)) return &set[way];
  }
  return NULL;
}

/* Its own place, else the one that is free first. */
static sip_dead_target *place_for(const sip_engine *engine, const sip_flow *flow) {
  sip_dead_target *known = find(engine, flow->transport, &flow->remote);
  if (known) return known;
  sip_dead_target *set = set_of(engine, &flow->remote), *first = set;
  for (int way = 1; way < WAYS; way++) {
    if (set[way].until < first->until) first = &set[way];
  }
  return first;
}

void sip_dead_target_add(sip_engine *engine, const sip_flow *flow, uint32_t for_ms) {
  if (flow->remote.family == 0) return;
  if (!engine->dead) {
    engine->dead = sip_alloc_zero(&engine->alloc, SETS * WAYS * sizeof *engine->dead);
    if (!engine->dead) return;
  }
  sip_dead_target *place = place_for(engine, flow);
  sip_time until = engine->now + for_ms;
  if (is_of(place, flow->transport, &flow->remote) && place->until > until) until = place->until;
  *place = (sip_dead_target){.address = flow->remote, .transport = flow->transport, .until = until};
}

void sip_dead_target_remove(sip_engine *engine, const sip_flow *flow) {
  sip_dead_target *one = find(engine, flow->transport, &flow->remote);
  if (one) one->until = 0;
}

static bool is_dead(const sip_engine *engine, const sip_target *target) {
  sip_transport transport = target->transport ? target->transport : SIP_TRANSPORT_UDP;
  const sip_dead_target *one = find(engine, transport, &target->address);
  return one && one->until > engine->now;
}

void sip_dead_target_sort(const sip_engine *engine, const sip_target *targets, size_t count,
                          sip_target *out) {
  size_t at = 0;
  for (size_t i = 0; i < count; i++) {
    if (!is_dead(engine, &targets[i])) out[at++] = targets[i];
  }
  for (size_t i = 0; i < count; i++) {
    if (is_dead(engine, &targets[i])) out[at++] = targets[i];
  }
}

void sip_dead_target_free_all(sip_engine *engine) {
  sip_alloc_free(&engine->alloc, engine->dead, SETS * WAYS * sizeof *engine->dead);
  engine->dead = NULL;
}
