/* SPDX-License-Identifier: MIT
 *
 * Counting waits, and judging rests by what they gathered.
 */
#include "net/pace.h"

enum {
  WINDOW_TICKS = 16,
  OFTEN = 32,                   /* waits in a window: 2000 a second */
  BUSY_US = NET_TICK_US / 2,    /* of work that a wake-up has brought */
  TELLING_US = NET_TICK_US / 2, /* a rest that is shorter says nothing */
  GATHERED = 2,                 /* messages: each but the first is a wake-up saved */
  PATIENCE = 8,                 /* peers that wait for our answers need some rests to fall in */
  HOLD_MAX_TICKS = 1024
};

void net_pace_init(net_pace *pace) {
  *pace = (net_pace){.hold_ticks = 1};
}

static void count(net_pace *pace, int64_t tick) {
  if (tick / WINDOW_TICKS != pace->window) pace->waits = 0;
  pace->window = tick / WINDOW_TICKS;
  pace->waits++;
}

uint32_t net_pace_wait(net_pace *pace, int64_t now_us) {
  int64_t tick = now_us / NET_TICK_US;
  count(pace, tick);
  pace->rest_us = 0;
  pace->is_waiting = true;
  if (pace->waits >= OFTEN && tick >= pace->again_at) pace->is_resting = true;
  bool is_busy = now_us - pace->woke_at_us >= BUSY_US;
  if (!pace->is_resting || is_busy) return 0;
  pace->rest_us = (uint32_t)(NET_TICK_US - now_us % NET_TICK_US);
  return pace->rest_us;
}

void net_pace_woke(net_pace *pace, int64_t now_us) {
  if (!pace->is_waiting) return;
  pace->is_waiting = false;
  pace->woke_at_us = now_us;
}

static void give_up(net_pace *pace, int64_t tick) {
  pace->is_resting = false;
  pace->vain = pace->waits = 0;
  pace->again_at = tick + pace->hold_ticks;
  if (pace->hold_ticks < HOLD_MAX_TICKS) pace->hold_ticks *= 2;
}

void net_pace_turned(net_pace *pace, uint64_t messages) {
  if (pace->rest_us < TELLING_US) return;
  pace->rest_us = 0;
  if (messages >= GATHERED) {
    pace->vain = 0;
    pace->hold_ticks = 1;
  } else if (++pace->vain == PATIENCE) {
    give_up(pace, pace->woke_at_us / NET_TICK_US);
  }
}
