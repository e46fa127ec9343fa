/* SPDX-License-Identifier: MIT
 *
 * The packets that wait, by sequence number: a ring with one word of bits, in which
 * the first that is there, and how many are missing before it, is a matter of counting
 * zeros. What came before is remembered for as many numbers again.
 */
#ifndef MOONSIP_RTP_JITTER_SLOTS_H
#define MOONSIP_RTP_JITTER_SLOTS_H

#include "rtp/jitter_cells.h"

enum { RTP_SLOTS = 64 };

typedef struct rtp_slot {
  int64_t timestamp;       /* on the buffer's timeline */
  uint32_t wire_timestamp; /* in the packet */
  uint16_t ticks;          /* how long it lasts; 0 for comfort noise */
  uint16_t len;
  uint16_t cell; /* the first of its payload */
  uint8_t payload_type;
  bool discontinuity;
} rtp_slot;

typedef struct rtp_slots {
  int64_t next;       /* the sequence number that is due next */
  uint64_t present;   /* bit n: next + n is here */
  uint64_t accounted; /* bit n: next + n came, and is not here (any more) */
  uint64_t behind;    /* bit n: next - 1 - n came */
  uint64_t lost;      /* numbers passed over that never came */
  rtp_cells cells;
  rtp_slot slots[RTP_SLOTS];
} rtp_slots;

void rtp_slots_init(rtp_slots *slots, int64_t next, void *memory, size_t size);

static inline rtp_slot *rtp_slots_at(rtp_slots *slots, int64_t sequence) {
  return &slots->slots[(uint64_t)sequence % RTP_SLOTS];
}

/* How far the first packet that is here is from `next`; -1 when none is. */
static inline int rtp_slots_first(const rtp_slots *slots) {
  return slots->present ? __builtin_ctzll(slots->present) : -1;
}

/* How many of the next `count` numbers, up to RTP_SLOTS, did not come. */
int rtp_slots_missing(const rtp_slots *slots, int count);

bool rtp_slots_has_come(const rtp_slots *slots, int64_t sequence);

/* That number came and is no packet to wait for, unless one of it is here already.
 * Numbers RTP_SLOTS ahead or more, or as far behind, are ignored. */
void rtp_slots_account(rtp_slots *slots, int64_t sequence);

/* Fills the slot of that number, less than RTP_SLOTS ahead and not behind; there must
 * be cells for its payload. */
void rtp_slots_store(rtp_slots *slots, int64_t sequence, const rtp_slot *slot,
                     const uint8_t *payload);

/* The packet leaves its slot; its number is accounted for. */
void rtp_slots_release(rtp_slots *slots, int64_t sequence);

/* `next` moves on over so many numbers, none of which is here. */
void rtp_slots_advance(rtp_slots *slots, int64_t count);

#endif
