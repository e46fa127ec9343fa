/* SPDX-License-Identifier: MIT
 *
 * An id is where a text lies, behind its length of two bytes; the table is open
 * addressing, at most half full.
 */
#include "route/texts.h"

#include "base/error.h"
#include "base/hash.h"

enum { FIRST_SIZE = 64, LENGTH_BYTES = 2 };

/* The texts are an operator's: nobody picks them to collide. */
static const sip_hash_key key;

int route_texts_init(route_texts *texts, sip_alloc *alloc) {
  *texts = (route_texts){.alloc = alloc, .size = FIRST_SIZE};
  sip_buffer_init(&texts->bytes, alloc, UINT32_MAX);
  texts->table = sip_alloc_zero(alloc, FIRST_SIZE * sizeof *texts->table);
  return texts->table ? 0 : SIP_E_MEMORY;
}

void route_texts_deinit(route_texts *texts) {
  sip_buffer_deinit(&texts->bytes);
  sip_alloc_free(texts->alloc, texts->table, texts->size * sizeof *texts->table);
  *texts = (route_texts){.alloc = texts->alloc};
}

sip_str route_texts_get(const route_texts *texts, uint32_t id) {
  if (id == 0) return (sip_str){0};
  const char *at = texts->bytes.ptr + id;
  uint16_t len;
  memcpy(&len, at - LENGTH_BYTES, LENGTH_BYTES);
  return sip_str_make(at, len);
}

/* Where the text is, or where it would be. */
static uint32_t *place_of(const route_texts *texts, sip_str text) {
  uint32_t mask = texts->size - 1;
  for (uint32_t i = (uint32_t)sip_hash(key, text);; i++) {
    uint32_t *place = &texts->table[i & mask];
    if (*place == 0 || sip_str_equal(route_texts_get(texts, *place), text)) return place;
  }
}

static bool grow_table(route_texts *texts) {
  route_texts wider = *texts;
  wider.size = texts->size * 2;
  wider.table = sip_alloc_zero(texts->alloc, wider.size * sizeof *wider.table);
  if (!wider.table) return false;
  for (uint32_t i = 0; i < texts->size; i++) {
    uint32_t id = texts->table[i];
    if (id) *place_of(&wider, route_texts_get(texts, id)) = id;
  }
  sip_alloc_free(texts->alloc, texts->table, texts->size * sizeof *texts->table);
  *texts = wider;
  return true;
}

int route_texts_add(route_texts *texts, sip_str text, uint32_t *id) {
  *id = 0;
  if (text.len == 0) return 0;
  if (text.len > ROUTE_TEXT_MAX) return SIP_E_LIMIT;
  if (texts->count >= texts->size / 2 && !grow_table(texts)) return SIP_E_MEMORY;
  uint32_t *place = place_of(texts, text);
  if (*place == 0) {
    uint16_t len = (uint16_t)text.len;
    if (!sip_buffer_reserve(&texts->bytes, LENGTH_BYTES + text.len)) {
      texts->bytes.failed = false; /* the next may find room */
      return SIP_E_MEMORY;
    }
    sip_buffer_add(&texts->bytes, sip_str_make((const char *)&len, LENGTH_BYTES));
    *place = (uint32_t)texts->bytes.len;
    sip_buffer_add(&texts->bytes, text);
    texts->count++;
  }
  *id = *place;
  return 0;
}

size_t route_texts_memory(const route_texts *texts) {
  return texts->bytes.size + texts->size * sizeof *texts->table;
}
