/* SPDX-License-Identifier: MIT
 *
 * A counter in front of another allocator.
 */
#include "binding/allocator.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

static bool is_to_fail(const bind_allocator *allocator) {
  if (!allocator->fail_at) return false;
  return allocator->fail_on ? allocator->count >= allocator->fail_at
                            : allocator->count == allocator->fail_at;
}

void *bind_alloc(void *context, void *ptr, size_t old_size, size_t size) {
  bind_allocator *allocator = context;
  if (size > 0) {
    allocator->count++;
    if (is_to_fail(allocator)) return NULL;
  }
  if (allocator->fn) return allocator->fn(allocator->context, ptr, old_size, size);
  if (size > 0) return realloc(ptr, size);
  free(ptr);
  return NULL;
}

enum { PAGE_SIZE_MAX = 65536 }; /* of small pages, on the machines there are */

void bind_advise_pages(void *ptr, size_t size) {
#ifdef MADV_HUGEPAGE
  uintptr_t from = ((uintptr_t)ptr + PAGE_SIZE_MAX - 1) & ~(uintptr_t)(PAGE_SIZE_MAX - 1);
  uintptr_t to = ((uintptr_t)ptr + size) & ~(uintptr_t)(PAGE_SIZE_MAX - 1);
  if (from < to) madvise((void *)from, to - from, MADV_HUGEPAGE); /* if not, they stay small */
#else
  (void)ptr;
  (void)size;
#endif
}

void bind_allocator_read(lua_State *L, int index, bind_allocator *allocator) {
  *allocator = (bind_allocator){0};
  lua_getfield(L, index, "fail_allocation");
  allocator->fail_at = luaL_optinteger(L, -1, 0);
  lua_pop(L, 1);
}

int bind_fail_allocation(lua_State *L, bind_allocator *allocator) {
  lua_Integer n = luaL_checkinteger(L, 2);
  allocator->fail_at = n ? allocator->count + n : 0;
  allocator->fail_on = lua_toboolean(L, 3);
  lua_pushinteger(L, allocator->count);
  return 1;
}
