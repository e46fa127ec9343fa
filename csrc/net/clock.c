/* SPDX-License-Identifier: MIT
 *
 * The base of uv_hrtime is that of libuv's own timers, which therefore fire at
 * our instants and not a millisecond beside them.
 */
#include "net/clock.h"

#include <time.h>
#include <uv.h>

enum { NANOSECONDS_PER_MS = 1000000, NANOSECONDS_PER_US = 1000, US_PER_SECOND = 1000000 };

sip_time net_clock_now(const net_clock *clock) {
  if (clock->is_manual) return clock->manual_at;
  return (sip_time)(uv_hrtime() / NANOSECONDS_PER_MS);
}

double net_clock_exact(const net_clock *clock) {
  if (clock->is_manual) return (double)clock->manual_at;
  return (double)uv_hrtime() / NANOSECONDS_PER_MS;
}

int64_t net_clock_us(void) {
  return (int64_t)(uv_hrtime() / NANOSECONDS_PER_US);
}

void net_clock_rest_until(int64_t us) {
  struct timespec until = {.tv_sec = (time_t)(us / US_PER_SECOND),
                           .tv_nsec = (long)(us % US_PER_SECOND * NANOSECONDS_PER_US)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}
