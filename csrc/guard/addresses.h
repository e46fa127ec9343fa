/* SPDX-License-Identifier: MIT
 *
 * A list of networks, each with a verdict. Of those that an address is in the smallest
 * decides. Looking up is one binary search, whether there are ten or a hundred thousand:
 * the networks of a family are kept as the points at which the verdict changes.
 */
#ifndef MOONSIP_GUARD_ADDRESSES_H
#define MOONSIP_GUARD_ADDRESSES_H

#include "base/alloc.h"
#include "guard/network.h"

enum { GUARD_NETWORKS_MAX = 1000000 };

typedef struct guard_rule {
  guard_network network;
  uint8_t verdict; /* not 0 */
  uint32_t place;  /* among those that were added with it */
} guard_rule;

/* From this address on; to the next point or the end. */
typedef struct guard_point {
  guard_number from;
  uint8_t verdict;
} guard_point;

typedef struct guard_points {
  guard_point *list;
  size_t count;
  size_t room;
} guard_points;

typedef struct guard_rules {
  guard_rule *list; /* in order of family, first address, bits */
  size_t count;
  size_t room;
} guard_rules;

typedef struct guard_addresses {
  sip_alloc *alloc;
  guard_rules rules;
  guard_points ipv4;
  guard_points ipv6;
} guard_addresses;

void guard_addresses_init(guard_addresses *list, sip_alloc *alloc);
void guard_addresses_deinit(guard_addresses *list);

/* Adds networks with a verdict, or gives those that are there another one. 0; SIP_E_MEMORY,
 * SIP_E_LIMIT: the list is what it was. */
int guard_addresses_add(guard_addresses *list, const guard_network *networks, size_t count,
                        uint8_t verdict);

/* Takes exactly this network out: 0, SIP_E_GONE when it is not there, SIP_E_MEMORY. */
int guard_addresses_remove(guard_addresses *list, const guard_network *network);

/* The verdict on an address; 0 when no network has it. */
uint8_t guard_addresses_find(const guard_addresses *list, const sip_sockaddr *address);

#endif
