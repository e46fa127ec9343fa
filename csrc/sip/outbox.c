/* SPDX-License-Identifier: MIT
 *
 * What the engine hands out: packets, events and queries, each a ring that is
 * reserved before an input is acted on.
 */
#include "sip/state.h"
#include "sip/stun.h"

enum { PACKETS_PER_INPUT = 8, EVENTS_PER_INPUT = 8, QUERIES_PER_INPUT = 2 };

bool sip_engine_reserve(sip_engine *engine) {
  return sip_ring_reserve(&engine->packets, PACKETS_PER_INPUT) &&
         sip_ring_reserve(&engine->events, EVENTS_PER_INPUT) &&
         sip_ring_reserve(&engine->queries, QUERIES_PER_INPUT);
}

void sip_engine_push_packet(sip_engine *engine, const sip_outgoing *out) {
  if (!sip_ring_reserve(&engine->packets, 1)) { /* as if the network lost it */
    sip_packet_release(out->packet);
    engine->dropped++;
    return;
  }
  *(sip_outgoing *)sip_ring_push(&engine->packets) = *out;
  engine->sent++;
}

bool sip_engine_next_packet(sip_engine *engine, sip_outgoing *out) {
  sip_outgoing *next = sip_ring_pop(&engine->packets);
  if (!next) return false;
  *out = *next;
  sip_str bytes = sip_packet_str(out->packet);
  if (sip_stun_looks_like(bytes)) return true;
  sip_history_add(&engine->history, engine->now, true, &out->flow, bytes);
  return true;
}

void sip_engine_push_event(sip_engine *engine, const sip_event *event, sip_kept *kept) {
  if (!sip_ring_reserve(&engine->events, 1)) {
    sip_kept_release(engine, kept);
    engine->dropped++;
    return;
  }
  sip_queued_event *queued = sip_ring_push(&engine->events);
  *queued = (sip_queued_event){.event = *event, .kept = kept};
  if (kept) queued->event.message = kept->message;
}

bool sip_engine_next_event(sip_engine *engine, sip_event *out) {
  sip_kept_release(engine, engine->delivered);
  engine->delivered = NULL;
  sip_queued_event *next = sip_ring_pop(&engine->events);
  if (!next) return false;
  *out = next->event;
  engine->delivered = next->kept;
  return true;
}

sip_kept *sip_kept_new(sip_engine *engine, const sip_message *message, const sip_flow *flow) {
  size_t size = sizeof(sip_kept) + sip_message_copy_size(message);
  sip_kept *kept = sip_alloc_new(&engine->alloc, size);
  if (!kept) return NULL;
  *kept = (sip_kept){.references = 1, .size = (uint32_t)size, .flow = *flow};
  kept->message = sip_message_copy(message, kept + 1);
  return kept;
}

void sip_kept_release(sip_engine *engine, sip_kept *kept) {
  if (!kept || --kept->references > 0) return;
  sip_alloc_free(&engine->alloc, kept, kept->size);
}
