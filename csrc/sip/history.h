/* SPDX-License-Identifier: MIT
 *
 * The last messages that came in and went out, in memory of a fixed size: the
 * oldest make room. For traces, and for the call flow that an error comes with.
 */
#ifndef MOONSIP_SIP_HISTORY_H
#define MOONSIP_SIP_HISTORY_H

#include "base/alloc.h"
#include "base/time.h"
#include "sip/transport.h"

typedef struct sip_record {
  uint64_t number; /* 1 and up, in order */
  sip_time at;
  bool is_out;
  sip_flow flow;
  sip_str bytes; /* valid until the next one is added */
} sip_record;

typedef struct sip_history {
  sip_alloc *alloc;
  char *memory;
  size_t size;
  size_t head;    /* where the oldest lies */
  size_t tail;    /* where the next one goes */
  size_t end;     /* of the last one before the wrap; used while wrapped */
  bool wrapped;   /* the newest lie in front of the oldest */
  size_t count;   /* records held */
  uint64_t first; /* number of the oldest */
} sip_history;

/* Nothing is kept until it has a size. */
void sip_history_init(sip_history *history, sip_alloc *alloc);
void sip_history_deinit(sip_history *history);

/* Forgets all, and keeps `size` bytes of messages from now on; 0 for none.
 * SIP_E_MEMORY changes nothing. */
int sip_history_resize(sip_history *history, size_t size);

/* One that does not fit at all is left out, and its number with it. */
void sip_history_add(sip_history *history, sip_time at, bool is_out, const sip_flow *flow,
                     sip_str bytes);

/* Where a reader is; starts as {0}. */
typedef struct sip_history_cursor {
  uint64_t next; /* number of what it reads next */
  size_t at;
} sip_history_cursor;

/* The next record, oldest first; one that was forgotten meanwhile is skipped.
 * False when there is none further: the cursor goes on when there is. */
bool sip_history_next(const sip_history *history, sip_history_cursor *cursor, sip_record *out);

#endif
