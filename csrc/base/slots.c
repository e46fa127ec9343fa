/* SPDX-License-Identifier: MIT
 *
 * Pages of slots, so that growth never moves one, and a free list through them.
 */
#include "base/slots.h"

#include <string.h>

enum { PAGE_BITS = 8, PAGE_SLOTS = 1 << PAGE_BITS, GENERATION_LAST = 0x7fffffff };

#define NO_SLOT UINT32_MAX

void sip_slots_init(sip_slots *slots, sip_alloc *alloc) {
  *slots = (sip_slots){.alloc = alloc, .first_free = NO_SLOT};
}

void sip_slots_deinit(sip_slots *slots) {
  for (size_t i = 0; i < slots->page_count; i++) {
    sip_alloc_free(slots->alloc, slots->pages[i], PAGE_SLOTS * sizeof(sip_slot));
  }
  sip_alloc_free(slots->alloc, slots->pages, slots->page_count * sizeof *slots->pages);
  sip_slots_init(slots, slots->alloc);
}

static sip_slot *slot_at(const sip_slots *slots, size_t index) {
  if (index >> PAGE_BITS >= slots->page_count) return NULL;
  return &slots->pages[index >> PAGE_BITS][index & (PAGE_SLOTS - 1)];
}

static int add_page(sip_slots *slots) {
  size_t count = slots->page_count;
  if (count >= (NO_SLOT >> PAGE_BITS)) return 0;
  sip_slot *page = sip_alloc_zero(slots->alloc, PAGE_SLOTS * sizeof *page);
  if (!page) return 0;
  sip_slot **pages = sip_alloc_resize(slots->alloc, slots->pages, count * sizeof *pages,
                                      (count + 1) * sizeof *pages);
  if (!pages) {
    sip_alloc_free(slots->alloc, page, PAGE_SLOTS * sizeof *page);
    return 0;
  }
  for (uint32_t i = 0; i < PAGE_SLOTS; i++) {
    page[i].generation = 1;
    page[i].next_free =
        i + 1 < PAGE_SLOTS ? (uint32_t)(count << PAGE_BITS) + i + 1 : slots->first_free;
  }
  pages[count] = page;
  slots->pages = pages;
  slots->page_count = count + 1;
  slots->first_free = (uint32_t)(count << PAGE_BITS);
  return 1;
}

sip_id sip_slots_add(sip_slots *slots, void *object) {
  if (slots->first_free == NO_SLOT && !add_page(slots)) return 0;
  uint32_t index = slots->first_free;
  sip_slot *slot = slot_at(slots, index);
  slots->first_free = slot->next_free;
  slot->object = object;
  slots->count++;
  return (sip_id)slot->generation << 32 | index;
}

static sip_slot *live_slot(const sip_slots *slots, sip_id id) {
  sip_slot *slot = slot_at(slots, (uint32_t)id);
  if (!slot || !slot->object || slot->generation != (uint32_t)(id >> 32)) return NULL;
  return slot;
}

void *sip_slots_find(const sip_slots *slots, sip_id id) {
  sip_slot *slot = live_slot(slots, id);
  return slot ? slot->object : NULL;
}

void sip_slots_remove(sip_slots *slots, sip_id id) {
  sip_slot *slot = live_slot(slots, id);
  if (!slot) return;
  slot->object = NULL;
  slots->count--;
  if (slot->generation == GENERATION_LAST) return;
  slot->generation++;
  slot->next_free = slots->first_free;
  slots->first_free = (uint32_t)id;
}

void *sip_slots_next(const sip_slots *slots, size_t *cursor) {
  for (;;) {
    sip_slot *slot = slot_at(slots, *cursor);
    if (!slot) return NULL;
    (*cursor)++;
    if (slot->object) return slot->object;
  }
}
