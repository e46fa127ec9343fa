/* SPDX-License-Identifier: MIT
 *
 * Counting waits, and judging rests by what they gathered.
 */
#include "net/pace.h"

enum {
  WINDOW_TICKS = 4,
  OFTEN = 32,                   /* waits in a window: 2000 a second */
  BUSY_US = NET_TICK_US / 2,    /* of work that a wake-up has brought */
  TELLING_US = NET_TICK_US / 2, /* a rest that is shorter says nothing */
  GATHERED = 2,                 /* messages: each but the first is a wake-up saved */
  PATIENCE = 8,                 /* peers that wait for our answers need some rests to fall in */
  HOLD_MAX_TICKS = 1024,
  REST_MIN_TICKS = 16, /* before the first trial; twice as many before the next */
  REST_MAX_TICKS = 128,
  SLOWED = 2 /* times as many messages without rests: they wait for our answers */
};

void net_pace_init(net_pace *pace) {
  *pace = (net_pace){.hold_ticks = 1};
}

static void count(net_pace *pace, int64_t tick) {
  if (tick / WINDOW_TICKS != pace->window) pace->waits = 0;
  pace->window = tick / WINDOW_TICKS;
  pace->waits++;
}

static void enter(net_pace *pace, net_pace_phase phase, int64_t tick) {
  pace->phase = phase;
  pace->since = tick;
  pace->messages = 0;
}

static void give_up(net_pace *pace, int64_t tick) {
  enter(pace, NET_PACE_FREE, tick);
  pace->vain = pace->waits = 0;
  pace->again_at = tick + pace->hold_ticks;
  if (pace->hold_ticks < HOLD_MAX_TICKS) pace->hold_ticks *= 2;
}

static void end_trial(net_pace *pace, uint64_t per_tick, int64_t tick) {
  if (per_tick > SLOWED * pace->per_tick) {
    give_up(pace, tick);
    return;
  }
  pace->hold_ticks = 1;
  if (pace->rest_ticks < REST_MAX_TICKS) pace->rest_ticks *= 2;
  enter(pace, NET_PACE_RESTING, tick);
}

static void change_phase(net_pace *pace, int64_t tick) {
  int64_t ticks = tick - pace->since;
  switch (pace->phase) {
  case NET_PACE_FREE:
    if (pace->waits < OFTEN || tick < pace->again_at) return;
    pace->rest_ticks = REST_MIN_TICKS;
    enter(pace, NET_PACE_RESTING, tick);
    break;
  case NET_PACE_RESTING:
    if (ticks < (int64_t)pace->rest_ticks) return;
    pace->per_tick = pace->messages / (uint64_t)ticks;
    enter(pace, NET_PACE_SETTLING, tick);
    break;
  case NET_PACE_SETTLING:
    if (ticks > 0) enter(pace, NET_PACE_TRYING, tick);
    break;
  case NET_PACE_TRYING:
    if (ticks > 0) end_trial(pace, pace->messages / (uint64_t)ticks, tick);
    break;
  }
}

uint32_t net_pace_wait(net_pace *pace, int64_t now_us) {
  int64_t tick = now_us / NET_TICK_US;
  count(pace, tick);
  pace->rest_us = 0;
  pace->is_waiting = true;
  change_phase(pace, tick);
  bool is_busy = now_us - pace->woke_at_us >= BUSY_US;
  if (pace->phase != NET_PACE_RESTING || is_busy) return 0;
  pace->rest_us = (uint32_t)(NET_TICK_US - now_us % NET_TICK_US);
  return pace->rest_us;
}

void net_pace_woke(net_pace *pace, int64_t now_us) {
  if (!pace->is_waiting) return;
  pace->is_waiting = false;
  pace->woke_at_us = now_us;
}

void net_pace_turned(net_pace *pace, uint64_t messages) {
  pace->messages += messages;
  if (pace->rest_us < TELLING_US) return;
  pace->rest_us = 0;
  if (messages >= GATHERED) {
    pace->vain = 0;
  } else if (++pace->vain == PATIENCE) {
    give_up(pace, pace->woke_at_us / NET_TICK_US);
  }
}
