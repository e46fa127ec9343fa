/* SPDX-License-Identifier: MIT
 *
 * Two pairs of extremes.
 */
#include "rtp/jitter_delay.h"

void rtp_delay_init(rtp_delay *delay, int64_t window_ticks) {
  *delay = (rtp_delay){.length = window_ticks};
}

/* In a minute of silence a clock that is off by 300 ppm moves by 18 ms. */
bool rtp_delay_is_outdated(const rtp_delay *d, int64_t tick) {
  return d->heard && tick - d->end >= d->length;
}

static void turn(rtp_delay *d, int64_t tick, int64_t ticks) {
  if (rtp_delay_is_outdated(d, tick)) {
    int64_t spread = rtp_delay_spread(d);
    d->before = d->now = (rtp_delay_window){ticks, ticks + spread};
  } else {
    d->before = d->now;
    d->now = (rtp_delay_window){ticks, ticks};
  }
  d->end = tick + d->length;
  d->measured = true;
}

void rtp_delay_note(rtp_delay *d, int64_t tick, int64_t ticks) {
  if (!d->heard) {
    d->now = (rtp_delay_window){ticks, ticks};
    d->end = tick + d->length;
    d->heard = true;
  } else if (tick >= d->end) {
    turn(d, tick, ticks);
  }
  if (ticks < d->now.least) d->now.least = ticks;
  if (ticks > d->now.greatest) d->now.greatest = ticks;
}

int64_t rtp_delay_least(const rtp_delay *d) {
  return d->measured && d->before.least < d->now.least ? d->before.least : d->now.least;
}

int64_t rtp_delay_spread(const rtp_delay *d) {
  bool before = d->measured && d->before.greatest > d->now.greatest;
  return (before ? d->before.greatest : d->now.greatest) - rtp_delay_least(d);
}
