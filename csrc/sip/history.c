/* SPDX-License-Identifier: MIT
 *
 * A ring of records of different sizes, each in one piece: what does not fit
 * before the end of the memory goes to its front.
 */
#include "sip/history.h"

#include <string.h>

#include "base/error.h"

typedef struct entry {
  size_t size; /* to the next one */
  uint32_t len;
  bool is_out;
  sip_time at;
  sip_flow flow;
  char bytes[];
} entry;

enum { ALIGN = 8 };

static entry *entry_at(const sip_history *history, size_t at) {
  return (entry *)(void *)(history->memory + at);
}

void sip_history_init(sip_history *history, sip_alloc *alloc) {
  *history = (sip_history){.alloc = alloc, .first = 1};
}

void sip_history_deinit(sip_history *history) {
  sip_alloc_free(history->alloc, history->memory, history->size);
  history->memory = NULL;
  history->size = 0;
}

int sip_history_resize(sip_history *history, size_t size) {
  size -= size % ALIGN;
  char *memory = NULL;
  if (size > 0 && !(memory = sip_alloc_new(history->alloc, size))) return SIP_E_MEMORY;
  uint64_t next = history->first + history->count;
  sip_history_deinit(history);
  *history = (sip_history){.alloc = history->alloc, .memory = memory, .size = size, .first = next};
  return 0;
}

static void forget_oldest(sip_history *history) {
  history->head += entry_at(history, history->head)->size;
  history->first++;
  history->count--;
  if (history->wrapped && history->head == history->end) {
    history->head = 0;
    history->wrapped = false;
  }
}

/* Room for `size` bytes at the tail, which may move to the front. */
static bool has_room(sip_history *history, size_t size) {
  if (history->count == 0) {
    history->head = history->tail = 0;
    history->wrapped = false;
  }
  if (history->wrapped) return history->head - history->tail >= size;
  if (history->size - history->tail >= size) return true;
  if (history->count == 0 || history->head < size) return false;
  history->end = history->tail;
  history->tail = 0;
  history->wrapped = true;
  return true;
}

void sip_history_add(sip_history *history, sip_time at, bool is_out, const sip_flow *flow,
                     sip_str bytes) {
  size_t size = sizeof(entry) + bytes.len;
  size += (ALIGN - size % ALIGN) % ALIGN;
  if (size > history->size) return;
  while (!has_room(history, size)) forget_oldest(history);
  entry *e = entry_at(history, history->tail);
  *e = (entry){.size = size, .len = (uint32_t)bytes.len, .is_out = is_out, .at = at, .flow = *flow};
  if (bytes.len) memcpy(e->bytes, bytes.ptr, bytes.len);
  history->tail += size;
  history->count++;
}

bool sip_history_next(const sip_history *history, sip_history_cursor *cursor, sip_record *out) {
  uint64_t next = cursor->next > history->first ? cursor->next : history->first;
  if (next >= history->first + history->count) return false;
  if (next == history->first) *cursor = (sip_history_cursor){next, history->head};
  if (history->wrapped && cursor->at == history->end) cursor->at = 0;
  const entry *e = entry_at(history, cursor->at);
  *out = (sip_record){.number = cursor->next,
                      .at = e->at,
                      .is_out = e->is_out,
                      .flow = e->flow,
                      .bytes = {e->bytes, e->len}};
  cursor->next++;
  cursor->at += e->size;
  return true;
}
