/* SPDX-License-Identifier: MIT
 *
 * The share is looked at once in a period, by the worst of that period.
 */
#include "guard/overload.h"

enum {
  PERIOD_MS = 100,
  GROWTH_LEAST = 50, /* of the share in a late period */
  GROWTH_MOST = 300,
  SHRINK = 15, /* in a calm one: from the most to nothing in some seven seconds */
  RETRY_LEAST_S = 2,
  RETRY_MORE_S = 8,
  RETRY_SPREAD_S = 4
};

static void grow(guard_overload *overload) {
  uint32_t by = GROWTH_LEAST * overload->worst_ms / overload->late_ms;
  if (by > GROWTH_MOST) by = GROWTH_MOST;
  overload->share += by;
  if (overload->share > GUARD_SHARE_MAX) overload->share = GUARD_SHARE_MAX;
}

static void shrink(guard_overload *overload, sip_time periods) {
  sip_time by = periods * SHRINK;
  overload->share = by < overload->share ? overload->share - (uint32_t)by : 0;
}

/* Judges the periods that are over. In those behind the first nothing was late. */
static void settle(guard_overload *overload, sip_time now) {
  sip_time periods = (now - overload->since) / PERIOD_MS;
  if (periods <= 0) return;
  if (overload->worst_ms > overload->late_ms) {
    grow(overload);
    periods--;
  } else if (overload->worst_ms > overload->calm_ms) {
    periods--;
  }
  shrink(overload, periods);
  overload->worst_ms = 0;
  overload->since = now;
}

void guard_overload_note(guard_overload *overload, sip_time now, uint32_t late_ms) {
  if (overload->late_ms == 0) return;
  settle(overload, now);
  if (late_ms > overload->worst_ms) overload->worst_ms = late_ms;
}

bool guard_overload_sheds(guard_overload *overload, sip_time now) {
  if (overload->late_ms == 0) return false;
  settle(overload, now);
  overload->carry += overload->share;
  if (overload->carry < GUARD_SHARE_ALL) return false;
  overload->carry -= GUARD_SHARE_ALL;
  return true;
}

uint32_t guard_overload_retry_after(const guard_overload *overload, uint64_t chance) {
  uint32_t by_share = RETRY_MORE_S * overload->share / GUARD_SHARE_ALL;
  return RETRY_LEAST_S + by_share + (uint32_t)(chance % RETRY_SPREAD_S);
}
