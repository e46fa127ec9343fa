/* SPDX-License-Identifier: MIT
 *
 * How much of what is new has to be refused so that the rest is served in time (RFC 6357,
 * RFC 7339 5). What is measured is lateness: how long a message had to wait until somebody
 * looked at it. Late for a while: the share that is refused grows, fast; in time again: it
 * shrinks, slowly; between the two limits it stays.
 */
#ifndef MOONSIP_GUARD_OVERLOAD_H
#define MOONSIP_GUARD_OVERLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

enum { GUARD_SHARE_ALL = 1000, GUARD_SHARE_MAX = 980 }; /* some always get through */

typedef struct guard_overload {
  uint32_t late_ms; /* 0: nothing is ever refused */
  uint32_t calm_ms;
  uint32_t worst_ms; /* since `since` */
  uint32_t share;    /* of GUARD_SHARE_ALL that is refused */
  uint32_t carry;    /* what is left of it from one decision to the next */
  sip_time since;
} guard_overload;

/* A message, or a turn of the loop, was that late. */
void guard_overload_note(guard_overload *overload, sip_time now, uint32_t late_ms);

/* Whether the next new one is to be refused. Spread evenly: of a share of a third every
 * third is. */
bool guard_overload_sheds(guard_overload *overload, sip_time now);

/* Seconds after which a refused one may come back: longer the more is refused, and not the
 * same for all, as chance has it. */
uint32_t guard_overload_retry_after(const guard_overload *overload, uint64_t chance);

#endif
