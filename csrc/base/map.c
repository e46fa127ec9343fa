/* SPDX-License-Identifier: MIT
 *
 * Chains, and growth that moves MOVE_STEP buckets with every change.
 */
#include "base/map.h"

#include "base/error.h"

enum {
  FIRST_BUCKETS = 64,
  MOVE_STEP = 4,
  BUCKETS_PER_NODE = 2 /* most look-ups are for what is new: they should meet nobody */
};

int sip_map_init(sip_map *map, sip_alloc *alloc) {
  *map = (sip_map){.alloc = alloc, .size = FIRST_BUCKETS};
  map->buckets = sip_alloc_zero(alloc, FIRST_BUCKETS * sizeof *map->buckets);
  if (map->buckets) return 0;
  map->size = 0;
  return SIP_E_MEMORY;
}

void sip_map_deinit(sip_map *map) {
  sip_alloc_free(map->alloc, map->buckets, map->size * sizeof *map->buckets);
  sip_alloc_free(map->alloc, map->old, map->old_size * sizeof *map->old);
  *map = (sip_map){.alloc = map->alloc};
}

static void push(sip_map_node **bucket, sip_map_node *node) {
  node->next = *bucket;
  *bucket = node;
}

static void move_some(sip_map *map) {
  for (int i = 0; map->old && i < MOVE_STEP; i++) {
    sip_map_node *node = map->old[map->moved];
    while (node) {
      sip_map_node *next = node->next;
      push(&map->buckets[node->hash & (map->size - 1)], node);
      node = next;
    }
    map->old[map->moved++] = NULL;
    if (map->moved < map->old_size) continue;
    sip_alloc_free(map->alloc, map->old, map->old_size * sizeof *map->old);
    map->old = NULL;
    map->old_size = 0;
  }
}

static void start_growth(sip_map *map) {
  size_t size = map->size * 2;
  sip_map_node **buckets = sip_alloc_zero(map->alloc, size * sizeof *buckets);
  if (!buckets) return;
  map->old = map->buckets;
  map->old_size = map->size;
  map->moved = 0;
  map->buckets = buckets;
  map->size = size;
}

/* The bucket that holds a hash's chain now. */
static sip_map_node **bucket_of(const sip_map *map, uint64_t hash) {
  if (map->old) {
    size_t at = hash & (map->old_size - 1);
    if (at >= map->moved) return &map->old[at];
  }
  return &map->buckets[hash & (map->size - 1)];
}

void sip_map_add(sip_map *map, sip_map_node *node, uint64_t hash) {
  move_some(map);
  if (!map->old && map->count >= map->size / BUCKETS_PER_NODE) start_growth(map);
  node->hash = hash;
  push(bucket_of(map, hash), node);
  map->count++;
}

void sip_map_remove(sip_map *map, sip_map_node *node) {
  sip_map_node **at = bucket_of(map, node->hash);
  while (*at && *at != node) at = &(*at)->next;
  if (!*at) return;
  *at = node->next;
  node->next = NULL;
  map->count--;
  move_some(map);
}

static sip_map_node *first_with(sip_map_node *node, uint64_t hash) {
  while (node && node->hash != hash) node = node->next;
  return node;
}

sip_map_node *sip_map_find(const sip_map *map, uint64_t hash) {
  return first_with(*bucket_of(map, hash), hash);
}

sip_map_node *sip_map_find_next(const sip_map_node *node) {
  return first_with(node->next, node->hash);
}

sip_map_node *sip_map_take(sip_map *map, size_t *cursor) {
  for (; *cursor < map->old_size + map->size; ++*cursor) {
    bool is_old = *cursor < map->old_size;
    sip_map_node **bucket = is_old ? &map->old[*cursor] : &map->buckets[*cursor - map->old_size];
    sip_map_node *node = *bucket;
    if (!node) continue;
    *bucket = node->next;
    map->count--;
    return node;
  }
  return NULL;
}
