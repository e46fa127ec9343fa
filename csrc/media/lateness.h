/* SPDX-License-Identifier: MIT
 *
 * How far packets were from their 20 ms: counts that the media thread adds to and anybody
 * may read.
 */
#ifndef MOONSIP_MEDIA_LATENESS_H
#define MOONSIP_MEDIA_LATENESS_H

#include <stdatomic.h>

#include "media/time.h"

enum {
  MEDIA_LATENESS_STEP_US = 50,
  MEDIA_LATENESS_STEPS = 600 /* the last is for all above */
};

typedef struct media_lateness {
  _Atomic uint64_t counts[MEDIA_LATENESS_STEPS];
  _Atomic uint64_t most_us;
  uint64_t before[MEDIA_LATENESS_STEPS]; /* the reader's: what does not count any more */
} media_lateness;

void media_lateness_add(media_lateness *lateness, rtp_time off_ns);
/* Microseconds that so many in a million (500000: the median) were not farther off than;
 * 0 when nothing was counted. */
uint64_t media_lateness_read(const media_lateness *lateness, uint32_t per_million);
/* What was counted so far does not count any more. The reader's, too. */
void media_lateness_forget(media_lateness *lateness);

#endif
