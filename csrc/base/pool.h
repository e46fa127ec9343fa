/* SPDX-License-Identifier: MIT
 *
 * An allocator for objects that live for seconds and end in any order: blocks of
 * one size share slabs, so that a server with a million transactions finds a block
 * as fast as an idle one, and slabs that ran empty go back to the system.
 */
#ifndef MOONSIP_BASE_POOL_H
#define MOONSIP_BASE_POOL_H

#include "base/region.h"

/* Blocks up to 512 bytes come in steps of 32, up to 2048 in steps of 128; larger
 * ones are the C library's. */
enum { SIP_POOL_CLASSES = 28, SIP_POOL_BLOCK_MAX = 2048 };

typedef struct sip_pool {
  sip_link with_room[SIP_POOL_CLASSES]; /* slabs, the last used first */
  struct sip_slab *spare;               /* an empty one, kept for whoever comes next */
  sip_regions regions;
} sip_pool;

/* advise: see base/region.h. */
void sip_pool_init(sip_pool *pool, void (*advise)(void *ptr, size_t size));
/* Every block must have been given back. */
void sip_pool_deinit(sip_pool *pool);

/* A sip_alloc_fn whose context is the pool. Under a sanitizer that watches
 * addresses it is the C library's allocator alone. */
void *sip_pool_alloc(void *context, void *ptr, size_t old_size, size_t size);

#endif
