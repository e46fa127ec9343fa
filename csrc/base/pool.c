/* SPDX-License-Identifier: MIT
 *
 * Slabs are aligned to their size, so that a block's address tells its slab.
 */
#include "base/pool.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define IS_WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_WATCHED 1
#endif
#endif
#ifndef IS_WATCHED
#define IS_WATCHED 0
#endif

enum { SMALL_STEP = 32, SMALL_MAX = 512, LARGE_STEP = 128, SMALL_CLASSES = SMALL_MAX / SMALL_STEP };

/* In a block that is free. */
typedef struct free_block {
  struct free_block *next;
} free_block;

typedef struct sip_slab {
  sip_link link; /* in with_room; alone while full */
  sip_region *region;
  free_block *free_blocks;
  uint32_t untouched_at; /* from here to the end no block was ever handed out */
  uint16_t used;
  uint16_t class;
} sip_slab;

enum { FIRST_BLOCK = (sizeof(sip_slab) + SMALL_STEP - 1) / SMALL_STEP * SMALL_STEP };

static uint16_t class_of(size_t size) {
  if (size <= SMALL_MAX) return (uint16_t)((size + SMALL_STEP - 1) / SMALL_STEP - 1);
  return (uint16_t)(SMALL_CLASSES + (size - SMALL_MAX + LARGE_STEP - 1) / LARGE_STEP - 1);
}

static uint32_t block_size(uint16_t class) {
  if (class < SMALL_CLASSES) return (class + 1U) * SMALL_STEP;
  return SMALL_MAX + (class - SMALL_CLASSES + 1U) * LARGE_STEP;
}

static sip_slab *slab_of(void *block) {
  return (sip_slab *)(void *)((char *)block - ((uintptr_t)block & (SIP_SLAB_SIZE - 1)));
}

static bool is_full(const sip_slab *slab) {
  return !slab->free_blocks && slab->untouched_at + block_size(slab->class) > SIP_SLAB_SIZE;
}

/* --- Slabs --------------------------------------------------------------------- */

static sip_slab *open_slab(sip_pool *pool, uint16_t class) {
  sip_slab *slab = pool->spare;
  sip_region *region = slab ? slab->region : NULL;
  pool->spare = NULL;
  if (!slab) slab = sip_regions_take(&pool->regions, &region);
  if (!slab) return NULL;
  *slab = (sip_slab){.region = region, .untouched_at = FIRST_BLOCK, .class = class};
  sip_link_append(&pool->with_room[class], &slab->link);
  return slab;
}

static void close_slab(sip_pool *pool, sip_slab *slab) {
  sip_link_remove(&slab->link);
  if (!pool->spare) {
    pool->spare = slab;
    return;
  }
  sip_regions_give_back(&pool->regions, slab->region, slab);
}

/* --- Blocks -------------------------------------------------------------------- */

static void *take(sip_pool *pool, size_t size) {
  uint16_t class = class_of(size);
  sip_link *head = &pool->with_room[class];
  sip_slab *slab =
      sip_link_alone(head) ? open_slab(pool, class) : SIP_CONTAINER(head->next, sip_slab, link);
  if (!slab) return NULL;
  void *block = slab->free_blocks;
  if (block) {
    slab->free_blocks = slab->free_blocks->next;
  } else {
    block = (char *)slab + slab->untouched_at;
    slab->untouched_at += block_size(class);
  }
  slab->used++;
  if (is_full(slab)) sip_link_remove(&slab->link);
  return block;
}

static void give_back(sip_pool *pool, void *ptr) {
  sip_slab *slab = slab_of(ptr);
  bool was_full = is_full(slab);
  free_block *block = ptr;
  block->next = slab->free_blocks;
  slab->free_blocks = block;
  if (was_full) sip_link_append(&pool->with_room[slab->class], &slab->link);
  if (--slab->used == 0) close_slab(pool, slab);
}

static bool is_pooled(size_t size) {
  return !IS_WATCHED && size <= SIP_POOL_BLOCK_MAX;
}

/* As the buckets of a large table. */
static void *new_large(sip_pool *pool, size_t size) {
  void *block = malloc(size);
  if (block && size >= SIP_REGION_SIZE && pool->regions.advise) pool->regions.advise(block, size);
  return block;
}

static void *new_block(sip_pool *pool, size_t size) {
  return is_pooled(size) ? take(pool, size) : new_large(pool, size);
}

static void free_any(sip_pool *pool, void *ptr, size_t size) {
  if (!ptr) return;
  if (is_pooled(size)) {
    give_back(pool, ptr);
  } else {
    free(ptr);
  }
}

void *sip_pool_alloc(void *context, void *ptr, size_t old_size, size_t size) {
  sip_pool *pool = context;
  if (size == 0) {
    free_any(pool, ptr, old_size);
    return NULL;
  }
  if (!ptr) return new_block(pool, size);
  bool was_pooled = is_pooled(old_size), will_be = is_pooled(size);
  if (!was_pooled && !will_be) return realloc(ptr, size);
  if (was_pooled && will_be && class_of(old_size) == class_of(size)) return ptr;
  void *moved = new_block(pool, size);
  if (!moved) return NULL;
  memcpy(moved, ptr, old_size < size ? old_size : size);
  free_any(pool, ptr, old_size);
  return moved;
}

/* --- Life ------------------------------------------------------------------------ */

void sip_pool_init(sip_pool *pool, void (*advise)(void *ptr, size_t size)) {
  *pool = (sip_pool){0};
  sip_regions_init(&pool->regions, advise);
  for (size_t i = 0; i < SIP_POOL_CLASSES; i++) sip_link_init(&pool->with_room[i]);
}

void sip_pool_deinit(sip_pool *pool) {
  if (pool->spare) sip_regions_give_back(&pool->regions, pool->spare->region, pool->spare);
  pool->spare = NULL;
}
