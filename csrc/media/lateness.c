/* SPDX-License-Identifier: MIT
 *
 * One thread adds, so a load and a store do.
 */
#include "media/lateness.h"

static void add_one(_Atomic uint64_t *count) {
  uint64_t value = atomic_load_explicit(count, memory_order_relaxed);
  atomic_store_explicit(count, value + 1, memory_order_relaxed);
}

void media_lateness_add(media_lateness *lateness, rtp_time off_ns) {
  uint64_t us = (uint64_t)(off_ns < 0 ? -off_ns : off_ns) / 1000;
  uint64_t step = us / MEDIA_LATENESS_STEP_US;
  if (step >= MEDIA_LATENESS_STEPS) step = MEDIA_LATENESS_STEPS - 1;
  add_one(&lateness->counts[step]);
  if (us <= atomic_load_explicit(&lateness->most_us, memory_order_relaxed)) return;
  atomic_store_explicit(&lateness->most_us, us, memory_order_relaxed);
}

static uint64_t count_of(const media_lateness *lateness, int step) {
  return atomic_load_explicit(&lateness->counts[step], memory_order_relaxed) -
         lateness->before[step];
}

uint64_t media_lateness_read(const media_lateness *lateness, uint32_t per_million) {
  uint64_t all = 0, so_far = 0;
  for (int i = 0; i < MEDIA_LATENESS_STEPS; i++) all += count_of(lateness, i);
  if (all == 0) return 0;
  uint64_t wanted = all / 1000000 * per_million + all % 1000000 * per_million / 1000000;
  for (int i = 0; i < MEDIA_LATENESS_STEPS; i++) {
    so_far += count_of(lateness, i);
    if (so_far >= wanted && so_far > 0) return (uint64_t)(i + 1) * MEDIA_LATENESS_STEP_US;
  }
  return (uint64_t)MEDIA_LATENESS_STEPS * MEDIA_LATENESS_STEP_US;
}

void media_lateness_forget(media_lateness *lateness) {
  for (int i = 0; i < MEDIA_LATENESS_STEPS; i++) {
    lateness->before[i] = atomic_load_explicit(&lateness->counts[i], memory_order_relaxed);
  }
  atomic_store_explicit(&lateness->most_us, 0, memory_order_relaxed);
}
