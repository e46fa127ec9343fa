/* SPDX-License-Identifier: MIT
 *
 * Both counters only grow; each is written by one thread. The release of a counter hands
 * over what was copied before it, its acquire on the other side receives that.
 */
#include "media/ring.h"

#include <string.h>

void media_ring_init(media_ring *ring, void *memory, size_t element_size, size_t room) {
  ring->elements = memory;
  ring->element_size = element_size;
  ring->room = room;
  atomic_init(&ring->put, 0);
  atomic_init(&ring->taken, 0);
}

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Calls are in two pieces where the elements go round the end. */
static void copy_in(media_ring *ring, size_t at, const unsigned char *from, size_t count) {
  size_t size = ring->element_size, index = at & (ring->room - 1);
  size_t first = smaller(count, ring->room - index);
  memcpy(ring->elements + index * size, from, first * size);
  if (count > first) memcpy(ring->elements, from + first * size, (count - first) * size);
}

static void copy_out(const media_ring *ring, size_t at, unsigned char *to, size_t count) {
  size_t size = ring->element_size, index = at & (ring->room - 1);
  size_t first = smaller(count, ring->room - index);
  memcpy(to, ring->elements + index * size, first * size);
  if (count > first) memcpy(to + first * size, ring->elements, (count - first) * size);
}

size_t media_ring_space(const media_ring *ring) {
  size_t put = atomic_load_explicit(&ring->put, memory_order_relaxed);
  return ring->room - (put - atomic_load_explicit(&ring->taken, memory_order_acquire));
}

size_t media_ring_put(media_ring *ring, const void *elements, size_t count) {
  size_t put = atomic_load_explicit(&ring->put, memory_order_relaxed);
  count = smaller(count, media_ring_space(ring));
  if (count == 0) return 0;
  copy_in(ring, put, elements, count);
  atomic_store_explicit(&ring->put, put + count, memory_order_release);
  return count;
}

size_t media_ring_count(const media_ring *ring) {
  size_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
  return atomic_load_explicit(&ring->put, memory_order_acquire) - taken;
}

size_t media_ring_take(media_ring *ring, void *elements, size_t count) {
  size_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
  count = smaller(count, media_ring_count(ring));
  if (count == 0) return 0;
  copy_out(ring, taken, elements, count);
  atomic_store_explicit(&ring->taken, taken + count, memory_order_release);
  return count;
}

void media_ring_drop(media_ring *ring, size_t count) {
  size_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
  atomic_store_explicit(&ring->taken, taken + count, memory_order_release);
}
