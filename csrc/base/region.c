/* SPDX-License-Identifier: MIT
 *
 * A region that ran empty goes back to the system.
 */
#include "base/region.h"

#include <stdbool.h>
#include <stdlib.h>

/* A pool of fewer slabs takes them one by one: the size of one region. */
enum { SMALL = SIP_REGION_SLABS };

struct sip_region {
  sip_link link; /* in with_room; alone while full */
  char *slabs;
  uint32_t free; /* a bit each */
};

void sip_regions_init(sip_regions *regions, void (*advise)(void *ptr, size_t size)) {
  *regions = (sip_regions){.advise = advise};
  sip_link_init(&regions->with_room);
}

static sip_region *open_region(sip_regions *regions) {
  sip_region *region = malloc(sizeof *region);
  char *slabs = region ? aligned_alloc(SIP_REGION_SIZE, SIP_REGION_SIZE) : NULL;
  if (!slabs) {
    free(region);
    return NULL;
  }
  *region = (sip_region){.slabs = slabs, .free = UINT32_MAX};
  if (regions->advise) regions->advise(slabs, SIP_REGION_SIZE);
  sip_link_append(&regions->with_room, &region->link);
  return region;
}

static void *take_first_free(sip_region *region) {
  unsigned index = 0;
  while (!(region->free >> index & 1)) index++;
  region->free &= ~(UINT32_C(1) << index);
  if (region->free == 0) sip_link_remove(&region->link);
  return region->slabs + (size_t)index * SIP_SLAB_SIZE;
}

void *sip_regions_take(sip_regions *regions, sip_region **out) {
  *out = NULL;
  bool has_room = !sip_link_alone(&regions->with_room);
  if (has_room) *out = SIP_CONTAINER(regions->with_room.next, sip_region, link);
  if (!has_room && regions->slabs >= SMALL) *out = open_region(regions);
  void *slab = *out ? take_first_free(*out) : aligned_alloc(SIP_SLAB_SIZE, SIP_SLAB_SIZE);
  if (slab) regions->slabs++;
  return slab;
}

void sip_regions_give_back(sip_regions *regions, sip_region *region, void *slab) {
  regions->slabs--;
  if (!region) {
    free(slab);
    return;
  }
  size_t index = (size_t)((char *)slab - region->slabs) / SIP_SLAB_SIZE;
  if (region->free == 0) sip_link_append(&regions->with_room, &region->link);
  region->free |= UINT32_C(1) << index;
  if (region->free != UINT32_MAX) return;
  sip_link_remove(&region->link);
  free(region->slabs);
  free(region);
}
