/* SPDX-License-Identifier: MIT
 *
 * Accounting around the allocator that was given.
 */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

static void *library_alloc(void *context, void *ptr, size_t old_size, size_t size) {
  (void)context;
  (void)old_size;
  if (size == 0) {
    free(ptr);
    return NULL;
  }
  return realloc(ptr, size);
}

void sip_alloc_init(sip_alloc *alloc, sip_alloc_fn fn, void *context) {
  *alloc = (sip_alloc){.fn = fn ? fn : library_alloc, .context = context};
}

void *sip_alloc_new(sip_alloc *alloc, size_t size) {
  return sip_alloc_resize(alloc, NULL, 0, size);
}

void *sip_alloc_zero(sip_alloc *alloc, size_t size) {
  void *ptr = sip_alloc_new(alloc, size);
  if (ptr) memset(ptr, 0, size);
  return ptr;
}

void *sip_alloc_resize(sip_alloc *alloc, void *ptr, size_t old_size, size_t size) {
  void *moved = alloc->fn(alloc->context, ptr, old_size, size);
  if (!moved) return NULL;
  if (!ptr) alloc->live_blocks++;
  alloc->live_bytes += size - old_size;
  return moved;
}

void sip_alloc_free(sip_alloc *alloc, void *ptr, size_t size) {
  if (!ptr) return;
  alloc->fn(alloc->context, ptr, size, 0);
  alloc->live_blocks--;
  alloc->live_bytes -= size;
}
