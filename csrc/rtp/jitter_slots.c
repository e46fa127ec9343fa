/* SPDX-License-Identifier: MIT
 *
 * Words of bits, relative to `next`.
 */
#include "rtp/jitter_slots.h"

void rtp_slots_init(rtp_slots *slots, int64_t next, void *memory, size_t size) {
  slots->next = next;
  slots->present = slots->accounted = slots->behind = 0;
  slots->lost = 0;
  rtp_cells_init(&slots->cells, memory, size);
}

static uint64_t bit(int64_t n) {
  return UINT64_C(1) << n;
}

static uint64_t low_bits(int64_t count) {
  return count < RTP_SLOTS ? bit(count) - 1 : UINT64_MAX;
}

/* Sums of pairs, fours, bytes: a compiler may call its library for a builtin. */
static int count_bits(uint64_t bits) {
  bits -= bits >> 1 & UINT64_C(0x5555555555555555);
  bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
  bits = (bits + (bits >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
  return (int)(bits * UINT64_C(0x0101010101010101) >> 56);
}

int rtp_slots_missing(const rtp_slots *slots, int count) {
  return count_bits(~(slots->present | slots->accounted) & low_bits(count));
}

bool rtp_slots_has_come(const rtp_slots *slots, int64_t sequence) {
  int64_t ahead = sequence - slots->next;
  if (ahead >= RTP_SLOTS || ahead < -RTP_SLOTS) return false;
  if (ahead < 0) return slots->behind & bit(-1 - ahead);
  return (slots->present | slots->accounted) & bit(ahead);
}

void rtp_slots_account(rtp_slots *slots, int64_t sequence) {
  int64_t ahead = sequence - slots->next;
  if (ahead >= RTP_SLOTS || ahead < -RTP_SLOTS) return;
  if (ahead < 0) {
    slots->behind |= bit(-1 - ahead);
  } else {
    slots->accounted |= bit(ahead) & ~slots->present;
  }
}

void rtp_slots_store(rtp_slots *slots, int64_t sequence, const rtp_slot *slot,
                     const uint8_t *payload) {
  rtp_slot *at = rtp_slots_at(slots, sequence);
  *at = *slot;
  at->cell = rtp_cells_store(&slots->cells, payload, slot->len);
  slots->present |= bit(sequence - slots->next);
}

void rtp_slots_release(rtp_slots *slots, int64_t sequence) {
  const rtp_slot *slot = rtp_slots_at(slots, sequence);
  rtp_cells_release(&slots->cells, slot->cell, slot->len);
  slots->present &= ~bit(sequence - slots->next);
  slots->accounted |= bit(sequence - slots->next);
}

void rtp_slots_advance(rtp_slots *slots, int64_t count) {
  bool all = count >= RTP_SLOTS;
  slots->lost += (uint64_t)(count - count_bits(slots->accounted & low_bits(count)));
  for (int64_t n = 0; n < count && n < RTP_SLOTS; n++) { /* hardly ever more than one */
    slots->behind = slots->behind << 1 | (slots->accounted >> n & 1);
  }
  if (count > RTP_SLOTS) slots->behind = 0;
  slots->accounted = all ? 0 : slots->accounted >> count;
  slots->present = all ? 0 : slots->present >> count;
  slots->next += count;
}
