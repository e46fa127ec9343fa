/* SPDX-License-Identifier: MIT
 *
 * A queue between two threads: one that puts, one that takes, no lock. Elements are
 * copied; the memory is the caller's. A put is seen whole or not at all.
 */
#ifndef MOONSIP_MEDIA_RING_H
#define MOONSIP_MEDIA_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { MEDIA_CACHE_LINE = 64 };

/* The counters lie in lines of their own: one thread's writing is not to slow the other. */
typedef struct media_ring {
  unsigned char *elements;
  size_t element_size;
  size_t room; /* elements; a power of two */
  unsigned char apart[MEDIA_CACHE_LINE];
  _Atomic size_t put; /* how many ever were put */
  unsigned char away[MEDIA_CACHE_LINE];
  _Atomic size_t taken; /* how many ever were taken */
} media_ring;

/* `memory` holds room * element_size bytes and outlives the ring. */
void media_ring_init(media_ring *ring, void *memory, size_t element_size, size_t room);

/* The putting thread's. Copies up to `count` elements; how many there was room for. */
size_t media_ring_put(media_ring *ring, const void *elements, size_t count);
size_t media_ring_space(const media_ring *ring);

/* The taking thread's. Copies up to `count` elements out; how many there were. */
size_t media_ring_take(media_ring *ring, void *elements, size_t count);
/* How many could be taken; for the putting thread at most that many. */
size_t media_ring_count(const media_ring *ring);
/* Takes without copying; at most as many as media_ring_count. */
void media_ring_drop(media_ring *ring, size_t count);

#endif
