/* SPDX-License-Identifier: MIT
 *
 * Where the slabs of a pool come from: one by one as long as it is small, then many at a
 * time, in runs that the system can map with one large page each. With a million
 * transactions nearly every look-up else costs a walk through the page tables too, twice
 * as long a one in a virtual machine.
 */
#ifndef MOONSIP_BASE_REGION_H
#define MOONSIP_BASE_REGION_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

enum {
  SIP_SLAB_SIZE = 1 << 16,
  SIP_REGION_SIZE = 1 << 21,
  SIP_REGION_SLABS = SIP_REGION_SIZE / SIP_SLAB_SIZE
};

typedef struct sip_region sip_region;

typedef struct sip_regions {
  sip_link with_room;                     /* those that have a free slab */
  void (*advise)(void *ptr, size_t size); /* that large pages would do well there; or NULL */
  size_t slabs;                           /* taken */
} sip_regions;

void sip_regions_init(sip_regions *regions, void (*advise)(void *ptr, size_t size));

/* SIP_SLAB_SIZE bytes, aligned to that; *region is for giving them back. NULL without
 * memory. */
void *sip_regions_take(sip_regions *regions, sip_region **region);
void sip_regions_give_back(sip_regions *regions, sip_region *region, void *slab);

#endif
