/* SPDX-License-Identifier: MIT
 *
 * The clock of a loop: monotonic milliseconds, or an instant that stands still
 * until it is moved, so that a spec steps a real loop through an hour at once.
 */
#ifndef MOONSIP_NET_CLOCK_H
#define MOONSIP_NET_CLOCK_H

#include <stdbool.h>

#include "base/time.h"

typedef struct net_clock {
  bool is_manual;
  sip_time manual_at;
} net_clock;

sip_time net_clock_now(const net_clock *clock);
double net_clock_exact(const net_clock *clock); /* the same with its fraction */

/* The system's, with the same base, whatever a manual clock says. */
int64_t net_clock_us(void);
/* Sleeps until then, or a signal. */
void net_clock_rest_until(int64_t us);

#endif
