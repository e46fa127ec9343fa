/* SPDX-License-Identifier: MIT
 *
 * A hierarchical timing wheel of one-millisecond ticks. Start and stop are a
 * list link each; a timer moves down at most once per level before it fires.
 * Equal instants fire in the order they were started.
 */
#ifndef MOONSIP_BASE_TIMER_H
#define MOONSIP_BASE_TIMER_H

#include <stdbool.h>

#include "base/list.h"
#include "base/time.h"

enum { SIP_WHEEL_LEVELS = 7, SIP_WHEEL_SLOTS = 256 };

typedef struct sip_timer {
  sip_link link;
  sip_time at;   /* when it fires; meaningful while started */
  uint16_t slot; /* level and slot it is filed under */
  uint16_t kind; /* the owner's; the wheel does not look */
  uint32_t tag;  /* likewise */
} sip_timer;

typedef struct sip_wheel {
  sip_time now; /* everything before it has fired */
  size_t count;
  uint64_t used[SIP_WHEEL_LEVELS][SIP_WHEEL_SLOTS / 64];
  sip_link slots[SIP_WHEEL_LEVELS][SIP_WHEEL_SLOTS];
} sip_wheel;

void sip_wheel_init(sip_wheel *wheel, sip_time now);

void sip_timer_init(sip_timer *timer);
static inline bool sip_timer_started(const sip_timer *timer) {
  return !sip_link_alone(&timer->link);
}

/* Fires at `at`, at once when that has passed. A started one is moved. Instants
 * past 2^56 ms (two million years) count as that. */
void sip_timer_start(sip_wheel *wheel, sip_timer *timer, sip_time at);
void sip_timer_stop(sip_wheel *wheel, sip_timer *timer); /* stopped already is fine */

/* The next timer due by `now`, stopped; NULL when there is no further one. The
 * clock of the wheel never runs backwards. */
sip_timer *sip_wheel_expire(sip_wheel *wheel, sip_time now);

/* No timer fires before this instant; SIP_TIME_NEVER without any. Exact when
 * the next one is within its 256 ms block, else at most the block's start. */
sip_time sip_wheel_deadline(const sip_wheel *wheel);

#endif
