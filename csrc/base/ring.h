/* SPDX-License-Identifier: MIT
 *
 * A queue of equal-sized elements in a ring that grows by doubling. Room is
 * reserved first, so that pushing never fails half-way through a change.
 */
#ifndef MOONSIP_BASE_RING_H
#define MOONSIP_BASE_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/alloc.h"

typedef struct sip_ring {
  sip_alloc *alloc;
  char *elements;
  size_t element_size;
  size_t room; /* elements; a power of two, or 0 */
  size_t head; /* where the next pop reads */
  size_t count;
} sip_ring;

void sip_ring_init(sip_ring *ring, sip_alloc *alloc, size_t element_size);
void sip_ring_deinit(sip_ring *ring);

/* Room for `more` further elements; false without memory. */
bool sip_ring_reserve(sip_ring *ring, size_t more);

/* The new last element, uninitialised; only after a reservation. */
void *sip_ring_push(sip_ring *ring);

/* The first element, taken out; NULL when empty. Valid until the next push. */
void *sip_ring_pop(sip_ring *ring);

#endif
