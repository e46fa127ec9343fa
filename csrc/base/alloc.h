/* SPDX-License-Identifier: MIT
 *
 * Where memory comes from. The shape is lua_Alloc's, so that a Lua state's own
 * allocator, a counting one and one that fails the n-th time all fit.
 */
#ifndef MOONSIP_BASE_ALLOC_H
#define MOONSIP_BASE_ALLOC_H

#include <stddef.h>

/* size 0 frees and returns NULL; otherwise as realloc, NULL when there is none. */
typedef void *(*sip_alloc_fn)(void *context, void *ptr, size_t old_size, size_t size);

typedef struct sip_alloc {
  sip_alloc_fn fn;
  void *context;
  size_t live_bytes; /* what is allocated now, as asked for */
  size_t live_blocks;
} sip_alloc;

/* fn NULL takes the C library's. */
void sip_alloc_init(sip_alloc *alloc, sip_alloc_fn fn, void *context);

void *sip_alloc_new(sip_alloc *alloc, size_t size);  /* uninitialised */
void *sip_alloc_zero(sip_alloc *alloc, size_t size); /* zeroed */
void *sip_alloc_resize(sip_alloc *alloc, void *ptr, size_t old_size, size_t size);
void sip_alloc_free(sip_alloc *alloc, void *ptr, size_t size); /* ptr NULL is fine */

#endif
