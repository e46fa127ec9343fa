/* SPDX-License-Identifier: MIT
 *
 * The media thread's priority, and the share of a core that goes with it. The kernel stops
 * a real-time thread that has had 95 % of a second until that is over (sched(7),
 * sched_rt_runtime_us): 50 ms in which no call hears anything. One that keeps to a little
 * less, by short pauses, is never stopped.
 */
#ifndef MOONSIP_MEDIA_PRIORITY_H
#define MOONSIP_MEDIA_PRIORITY_H

#include "media/time.h"

typedef enum media_priority {
  MEDIA_PRIORITY_NORMAL,
  MEDIA_PRIORITY_NICE,
  MEDIA_PRIORITY_REALTIME
} media_priority;

/* The calling thread's, as high as it is allowed. */
media_priority media_priority_raise(void);

enum {
  MEDIA_BUDGET_PERCENT = 90, /* of a core; and so that a second never adds up to 95, */
  MEDIA_BUDGET_MS = 20       /* of work at once after a rest */
};

typedef struct media_budget {
  rtp_time left; /* of work, ns; below 0: overdrawn */
  rtp_time at;   /* when that was so */
} media_budget;

void media_budget_init(media_budget *budget, rtp_time now);
/* It rested until now, and begins to work. */
void media_budget_begin(media_budget *budget, rtp_time now);
/* It has worked until now: how long it should rest before it goes on, ns. */
rtp_time media_budget_end(media_budget *budget, rtp_time now);

#endif
