/* SPDX-License-Identifier: MIT
 *
 * Growing and reading the tree. The children of a node are one block, which moves to a
 * block of one more when another digit branches off; blocks that became free serve the
 * next node that needs as many.
 */
#include "route/prefixes.h"

#include "base/error.h"

enum { FIRST_ROOM = 64 };

int route_prefixes_init(route_prefixes *prefixes, sip_alloc *alloc) {
  *prefixes = (route_prefixes){.alloc = alloc, .used = 1, .room = FIRST_ROOM};
  prefixes->nodes = sip_alloc_new(alloc, FIRST_ROOM * sizeof *prefixes->nodes);
  if (!prefixes->nodes) return SIP_E_MEMORY;
  prefixes->nodes[0] = (route_node){0};
  return 0;
}

void route_prefixes_deinit(route_prefixes *prefixes) {
  sip_alloc_free(prefixes->alloc, prefixes->nodes, prefixes->room * sizeof *prefixes->nodes);
  *prefixes = (route_prefixes){.alloc = prefixes->alloc};
}

static bool resize(route_prefixes *prefixes, uint64_t room) {
  if (room > UINT32_MAX) return false;
  route_node *nodes = sip_alloc_resize(prefixes->alloc, prefixes->nodes,
                                       prefixes->room * sizeof *nodes, room * sizeof *nodes);
  if (!nodes) return false;
  prefixes->nodes = nodes;
  prefixes->room = (uint32_t)room;
  return true;
}

void route_prefixes_trim(route_prefixes *prefixes) {
  resize(prefixes, prefixes->used);
}

/* How many of 16 bits are set: in pairs, in fours, in eights. */
static inline unsigned branch_count(unsigned branches) {
  branches -= branches >> 1 & 0x5555;
  branches = (branches & 0x3333) + (branches >> 2 & 0x3333);
  branches = (branches + (branches >> 4)) & 0x0f0f;
  return (branches + (branches >> 8)) & 0x1f;
}

/* Index of the child that a digit leads to, which is there. */
static inline uint32_t child_of(const route_node *node, unsigned digit) {
  return node->children + branch_count(node->branches & ((1U << digit) - 1));
}

static inline unsigned skip_at(const route_node *node, unsigned i) {
  return node->skip[i / 2] >> (i % 2 ? 0 : 4) & 15;
}

static void set_skip(route_node *node, unsigned i, unsigned digit) {
  unsigned shift = i % 2 ? 0 : 4;
  node->skip[i / 2] = (uint8_t)((node->skip[i / 2] & (15U << (4 - shift))) | digit << shift);
}

/* Index of a block of so many nodes; 0 without memory. */
static uint32_t take_block(route_prefixes *prefixes, unsigned size) {
  uint32_t block = prefixes->free_blocks[size];
  if (block) {
    prefixes->free_blocks[size] = prefixes->nodes[block].children;
    return block;
  }
  uint64_t need = (uint64_t)prefixes->used + size;
  if (need > prefixes->room && !resize(prefixes, need + need / 2)) return 0;
  block = prefixes->used;
  prefixes->used += size;
  return block;
}

static void give_block(route_prefixes *prefixes, uint32_t block, unsigned size) {
  if (size == 0) return;
  prefixes->nodes[block].children = prefixes->free_blocks[size];
  prefixes->free_blocks[size] = block;
}

/* Parts a node's own digits at `common`: what it was becomes its only child. */
static bool split(route_prefixes *prefixes, uint32_t index, unsigned common) {
  uint32_t block = take_block(prefixes, 1);
  if (!block) return false;
  route_node *node = &prefixes->nodes[index], *lower = &prefixes->nodes[block];
  *lower =
      (route_node){.children = node->children, .value = node->value, .branches = node->branches};
  for (unsigned i = common + 1; i < node->skip_len; i++) {
    set_skip(lower, lower->skip_len++, skip_at(node, i));
  }
  node->branches = (uint16_t)(1U << skip_at(node, common));
  node->children = block;
  node->value = 0;
  node->skip_len = (uint8_t)common;
  return true;
}

/* A child for the first of the digits, which takes as many of the others as it can. */
static bool add_child(route_prefixes *prefixes, uint32_t index, sip_str digits) {
  unsigned digit = (unsigned)(digits.ptr[0] - '0');
  unsigned count = branch_count(prefixes->nodes[index].branches);
  uint32_t block = take_block(prefixes, count + 1);
  if (!block) return false;
  route_node *node = &prefixes->nodes[index];
  unsigned before = child_of(node, digit) - node->children;
  route_node *to = &prefixes->nodes[block];
  const route_node *from = &prefixes->nodes[node->children];
  if (count > 0) {
    memcpy(to, from, before * sizeof *to);
    memcpy(to + before + 1, from + before, (count - before) * sizeof *to);
    give_block(prefixes, node->children, count);
  }
  to[before] = (route_node){0};
  for (size_t i = 1; i < digits.len && i <= ROUTE_SKIP_MAX; i++) {
    set_skip(&to[before], to[before].skip_len++, (unsigned)(digits.ptr[i] - '0'));
  }
  node->children = block;
  node->branches = (uint16_t)(node->branches | 1U << digit);
  return true;
}

uint32_t *route_prefixes_add(route_prefixes *prefixes, sip_str digits) {
  uint32_t index = 0;
  size_t at = 0;
  for (;;) {
    const route_node *node = &prefixes->nodes[index];
    unsigned common = 0;
    while (common < node->skip_len && at + common < digits.len &&
           (unsigned)(digits.ptr[at + common] - '0') == skip_at(node, common)) {
      common++;
    }
    if (common < node->skip_len && !split(prefixes, index, common)) return NULL;
    at += common;
    if (at == digits.len) return &prefixes->nodes[index].value;
    unsigned digit = (unsigned)(digits.ptr[at] - '0');
    if (!(prefixes->nodes[index].branches >> digit & 1) &&
        !add_child(prefixes, index, sip_str_make(digits.ptr + at, digits.len - at))) {
      return NULL;
    }
    index = child_of(&prefixes->nodes[index], digit);
    at++;
  }
}

size_t route_prefixes_match(const route_prefixes *prefixes, sip_str number,
                            route_match matches[ROUTE_PREFIX_MAX + 1]) {
  const char *at = number.ptr, *end = number.ptr + number.len;
  if (number.len > ROUTE_PREFIX_MAX) end = at + ROUTE_PREFIX_MAX; /* no prefix is longer */
  const route_node *node = prefixes->nodes;
  size_t count = 0;
  for (;;) {
    for (unsigned i = 0; i < node->skip_len; i++, at++) {
      if (at == end || (unsigned)*at - '0' != skip_at(node, i)) return count;
    }
    if (node->value) {
      matches[count++] = (route_match){node->value, (uint32_t)(at - number.ptr)};
    }
    unsigned digit = at < end ? (unsigned)*at - '0' : ROUTE_DIGITS;
    if (digit >= ROUTE_DIGITS || !(node->branches >> digit & 1)) return count;
    node = &prefixes->nodes[child_of(node, digit)];
    at++;
  }
}
