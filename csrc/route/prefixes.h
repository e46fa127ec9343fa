/* SPDX-License-Identifier: MIT
 *
 * Digit prefixes, and a number for each: a radix tree of ten branches. A node is 16
 * bytes and carries the digits that only it leads to, so that a million prefixes need
 * little more than a million nodes, and a look-up touches few of them. It grows one
 * prefix at a time, in any order.
 */
#ifndef MOONSIP_ROUTE_PREFIXES_H
#define MOONSIP_ROUTE_PREFIXES_H

#include <stdint.h>

#include "base/alloc.h"
#include "base/str.h"

enum { ROUTE_DIGITS = 10, ROUTE_PREFIX_MAX = 32, ROUTE_SKIP_MAX = 10 };

typedef struct route_node {
  uint32_t children; /* index of the first; they lie side by side, in order of digits */
  uint32_t value;    /* of the prefix that ends here, 0: none does */
  uint16_t branches; /* bit d: a child that digit d leads to */
  uint8_t skip_len;  /* further digits in front of this node, two to a byte */
  uint8_t skip[ROUTE_SKIP_MAX / 2];
} route_node;

typedef struct route_prefixes {
  sip_alloc *alloc;
  route_node *nodes; /* the first is the root */
  uint32_t used;
  uint32_t room;
  uint32_t free_blocks[ROUTE_DIGITS + 1]; /* of so many nodes, chained by `children`; 0: none */
} route_prefixes;

/* 0 or SIP_E_MEMORY. */
int route_prefixes_init(route_prefixes *prefixes, sip_alloc *alloc);
void route_prefixes_deinit(route_prefixes *prefixes);

/* The value of a prefix, to read and to set; 0 in one that is new. `digits`: up to
 * ROUTE_PREFIX_MAX of '0' to '9', or none. NULL without memory, and then nothing has
 * changed. Valid until the next call. */
uint32_t *route_prefixes_add(route_prefixes *prefixes, sip_str digits);

/* Gives back what growth took in advance. */
void route_prefixes_trim(route_prefixes *prefixes);

typedef struct route_match {
  uint32_t value;
  uint32_t len; /* digits of the prefix */
} route_match;

/* Every prefix of a number that has a value, the shortest first; how many. Reading stops
 * at the first character that is no digit. */
size_t route_prefixes_match(const route_prefixes *prefixes, sip_str number,
                            route_match matches[ROUTE_PREFIX_MAX + 1]);

#endif
