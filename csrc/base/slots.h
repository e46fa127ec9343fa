/* SPDX-License-Identifier: MIT
 *
 * Ids that outlive what they name: an index and a generation. An id whose
 * object is gone finds nothing, for ever (a slot retires after 2^31 uses).
 */
#ifndef MOONSIP_BASE_SLOTS_H
#define MOONSIP_BASE_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"

/* Generation in the high half, index in the low. 0 is no id. It stays below
 * 2^63, so that it is a Lua integer that is not negative. */
typedef uint64_t sip_id;

typedef struct sip_slot {
  void *object; /* NULL in a free slot */
  uint32_t generation;
  uint32_t next_free;
} sip_slot;

typedef struct sip_slots {
  sip_alloc *alloc;
  sip_slot **pages;
  size_t page_count;
  uint32_t first_free;
  size_t count;
} sip_slots;

void sip_slots_init(sip_slots *slots, sip_alloc *alloc);
void sip_slots_deinit(sip_slots *slots);

/* An id for the object, or 0 without memory. */
sip_id sip_slots_add(sip_slots *slots, void *object);
void *sip_slots_find(const sip_slots *slots, sip_id id);
void sip_slots_remove(sip_slots *slots, sip_id id);

/* Walks the live objects: start with 0; NULL at the end. */
void *sip_slots_next(const sip_slots *slots, size_t *cursor);

#endif
