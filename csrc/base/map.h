/* SPDX-License-Identifier: MIT
 *
 * A hash table whose nodes live inside the members. It grows a few buckets at
 * a time, so no single insertion pays for the whole table, and never fails
 * once it is made: without memory to grow it stays as it is.
 */
#ifndef MOONSIP_BASE_MAP_H
#define MOONSIP_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"

typedef struct sip_map_node {
  struct sip_map_node *next;
  uint64_t hash;
} sip_map_node;

typedef struct sip_map {
  sip_alloc *alloc;
  sip_map_node **buckets;
  sip_map_node **old; /* being moved into buckets, or NULL */
  size_t size;        /* of buckets, a power of two */
  size_t old_size;
  size_t moved; /* buckets of old that are empty by now */
  size_t count;
} sip_map;

/* 0 or SIP_E_MEMORY. */
int sip_map_init(sip_map *map, sip_alloc *alloc);
void sip_map_deinit(sip_map *map); /* the members are the caller's */

void sip_map_add(sip_map *map, sip_map_node *node, uint64_t hash);
void sip_map_remove(sip_map *map, sip_map_node *node);

/* First node with the hash, then the further ones; NULL at the end. */
sip_map_node *sip_map_find(const sip_map *map, uint64_t hash);
sip_map_node *sip_map_find_next(const sip_map_node *node);

/* Takes any node out, to empty the map: start with 0; NULL when none is left. */
sip_map_node *sip_map_take(sip_map *map, size_t *cursor);

#endif
