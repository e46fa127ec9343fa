/* SPDX-License-Identifier: MIT
 *
 * Memory for what a Lua object owns in C: allocations counted, and failing where a
 * spec wants them to.
 */
#ifndef MOONSIP_BINDING_ALLOCATOR_H
#define MOONSIP_BINDING_ALLOCATOR_H

#include <lua.h>
#include <stdbool.h>

#include "base/alloc.h"

typedef struct bind_allocator {
  sip_alloc_fn fn; /* behind it; NULL: the C library's */
  void *context;
  lua_Integer count;
  lua_Integer fail_at; /* the allocation that fails, counted like `count`; 0: none */
  bool fail_on;        /* and all after it */
} bind_allocator;

/* A sip_alloc_fn; the context is a bind_allocator. */
void *bind_alloc(void *context, void *ptr, size_t old_size, size_t size);

/* Tells the system that large pages would do well there (base/region.h). */
void bind_advise_pages(void *ptr, size_t size);

/* The option `fail_allocation` of the table at `index`, for constructors. */
void bind_allocator_read(lua_State *L, int index, bind_allocator *allocator);

/* The method object:fail_allocation(n [, on]): the n-th allocation from now fails,
 * and with `on` all that follow; 0 ends it. Returns how many there were so far. */
int bind_fail_allocation(lua_State *L, bind_allocator *allocator);

#endif
