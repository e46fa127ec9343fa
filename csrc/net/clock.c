/* SPDX-License-Identifier: MIT
 *
 * The base of uv_hrtime is that of libuv's own timers, which therefore fire at
 * our instants and not a millisecond beside them.
 */
#include "net/clock.h"

#include <uv.h>

enum { NANOSECONDS_PER_MS = 1000000 };

sip_time net_clock_now(const net_clock *clock) {
  if (clock->is_manual) return clock->manual_at;
  return (sip_time)(uv_hrtime() / NANOSECONDS_PER_MS);
}

double net_clock_exact(const net_clock *clock) {
  if (clock->is_manual) return (double)clock->manual_at;
  return (double)uv_hrtime() / NANOSECONDS_PER_MS;
}
