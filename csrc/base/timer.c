/* SPDX-License-Identifier: MIT
 *
 * A timer is filed under the highest byte in which its instant differs from
 * the wheel's clock. Two timers for one instant are then always filed in the
 * same slot, so their order survives every move down a level.
 */
#include "base/timer.h"

enum { SLOT_BITS = 8, SLOT_MASK = SIP_WHEEL_SLOTS - 1, WORD_BITS = 64 };

/* The first instant that the levels cannot hold. */
#define SPAN ((sip_time)1 << (SLOT_BITS * SIP_WHEEL_LEVELS))

void sip_wheel_init(sip_wheel *wheel, sip_time now) {
  *wheel = (sip_wheel){.now = now};
  for (int level = 0; level < SIP_WHEEL_LEVELS; level++) {
    for (int slot = 0; slot < SIP_WHEEL_SLOTS; slot++) {
      sip_link_init(&wheel->slots[level][slot]);
    }
  }
}

void sip_timer_init(sip_timer *timer) {
  *timer = (sip_timer){.at = SIP_TIME_NEVER};
  sip_link_init(&timer->link);
}

static int level_of(sip_time now, sip_time at) {
  uint64_t differs = (uint64_t)(at ^ now);
  if (differs == 0) return 0;
  return (WORD_BITS - 1 - __builtin_clzll(differs)) / SLOT_BITS;
}

static void file(sip_wheel *wheel, sip_timer *timer) {
  int level = level_of(wheel->now, timer->at);
  int slot = (int)(timer->at >> (SLOT_BITS * level)) & SLOT_MASK;
  sip_link_append(&wheel->slots[level][slot], &timer->link);
  wheel->used[level][slot / WORD_BITS] |= (uint64_t)1 << (slot % WORD_BITS);
  timer->slot = (uint16_t)(level << SLOT_BITS | slot);
}

static void unfile(sip_wheel *wheel, sip_timer *timer) {
  int level = timer->slot >> SLOT_BITS, slot = timer->slot & SLOT_MASK;
  sip_link_remove(&timer->link);
  if (!sip_link_alone(&wheel->slots[level][slot])) return;
  wheel->used[level][slot / WORD_BITS] &= ~((uint64_t)1 << (slot % WORD_BITS));
}

void sip_timer_start(sip_wheel *wheel, sip_timer *timer, sip_time at) {
  sip_timer_stop(wheel, timer);
  if (at >= SPAN) at = SPAN - 1;
  timer->at = at > wheel->now ? at : wheel->now;
  file(wheel, timer);
  wheel->count++;
}

void sip_timer_stop(sip_wheel *wheel, sip_timer *timer) {
  if (!sip_timer_started(timer)) return;
  unfile(wheel, timer);
  wheel->count--;
}

/* First used slot at or after `from`, or -1. */
static int next_used(const uint64_t *used, int from) {
  for (int word = from / WORD_BITS; word < SIP_WHEEL_SLOTS / WORD_BITS; word++) {
    uint64_t bits = used[word];
    if (word == from / WORD_BITS) bits &= ~(uint64_t)0 << (from % WORD_BITS);
    if (bits) return word * WORD_BITS + __builtin_ctzll(bits);
  }
  return -1;
}

/* The next used slot's start, and where it is. */
static sip_time next_slot(const sip_wheel *wheel, int *level_out, int *slot_out) {
  if (wheel->count == 0) return SIP_TIME_NEVER;
  for (int level = 0; level < SIP_WHEEL_LEVELS; level++) {
    int shift = SLOT_BITS * level;
    int current = (int)(wheel->now >> shift) & SLOT_MASK;
    int slot = next_used(wheel->used[level], current);
    if (slot < 0) continue;
    *level_out = level;
    *slot_out = slot;
    sip_time block = wheel->now >> (shift + SLOT_BITS) << (shift + SLOT_BITS);
    sip_time start = block + ((sip_time)slot << shift);
    return start > wheel->now ? start : wheel->now;
  }
  return SIP_TIME_NEVER;
}

static void move_down(sip_wheel *wheel, int level, int slot) {
  sip_link moving;
  sip_link_init(&moving);
  sip_link *head = &wheel->slots[level][slot];
  moving.next = head->next;
  moving.prev = head->prev;
  moving.next->prev = &moving;
  moving.prev->next = &moving;
  sip_link_init(head);
  wheel->used[level][slot / WORD_BITS] &= ~((uint64_t)1 << (slot % WORD_BITS));
  while (!sip_link_alone(&moving)) {
    sip_link *link = moving.next;
    sip_link_remove(link);
    file(wheel, SIP_CONTAINER(link, sip_timer, link));
  }
}

sip_timer *sip_wheel_expire(sip_wheel *wheel, sip_time now) {
  int level = 0, slot = 0;
  sip_time start;
  while ((start = next_slot(wheel, &level, &slot)) <= now && start != SIP_TIME_NEVER) {
    wheel->now = start;
    if (level == 0) {
      sip_link *link = wheel->slots[0][slot].next;
      sip_timer *timer = SIP_CONTAINER(link, sip_timer, link);
      unfile(wheel, timer);
      wheel->count--;
      return timer;
    }
    move_down(wheel, level, slot);
  }
  if (now > wheel->now) wheel->now = now;
  return NULL;
}

sip_time sip_wheel_deadline(const sip_wheel *wheel) {
  int level = 0, slot = 0;
  return next_slot(wheel, &level, &slot);
}
