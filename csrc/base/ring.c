/* SPDX-License-Identifier: MIT
 *
 * Growth unrolls the ring, so that the elements stay in order.
 */
#include "base/ring.h"

#include <string.h>

enum { FIRST_ROOM = 16 };

void sip_ring_init(sip_ring *ring, sip_alloc *alloc, size_t element_size) {
  *ring = (sip_ring){.alloc = alloc, .element_size = element_size};
}

void sip_ring_deinit(sip_ring *ring) {
  sip_alloc_free(ring->alloc, ring->elements, ring->room * ring->element_size);
  sip_ring_init(ring, ring->alloc, ring->element_size);
}

bool sip_ring_reserve(sip_ring *ring, size_t more) {
  if (ring->count + more <= ring->room) return true;
  size_t room = ring->room ? ring->room : FIRST_ROOM;
  while (room < ring->count + more) room *= 2;
  char *elements = sip_alloc_new(ring->alloc, room * ring->element_size);
  if (!elements) return false;
  if (ring->count > 0) {
    size_t first = ring->room - ring->head;
    if (first > ring->count) first = ring->count;
    memcpy(elements, ring->elements + ring->head * ring->element_size, first * ring->element_size);
    memcpy(elements + first * ring->element_size, ring->elements,
           (ring->count - first) * ring->element_size);
  }
  sip_alloc_free(ring->alloc, ring->elements, ring->room * ring->element_size);
  ring->elements = elements;
  ring->room = room;
  ring->head = 0;
  return true;
}

void *sip_ring_push(sip_ring *ring) {
  size_t at = (ring->head + ring->count++) & (ring->room - 1);
  return ring->elements + at * ring->element_size;
}

void *sip_ring_pop(sip_ring *ring) {
  if (ring->count == 0) return NULL;
  void *element = ring->elements + ring->head * ring->element_size;
  ring->head = (ring->head + 1) & (ring->room - 1);
  ring->count--;
  return element;
}
