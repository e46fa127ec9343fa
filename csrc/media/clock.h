/* SPDX-License-Identifier: MIT
 *
 * The clocks of the media thread. Nothing else of media asks for the time.
 */
#ifndef MOONSIP_MEDIA_CLOCK_H
#define MOONSIP_MEDIA_CLOCK_H

#include <time.h>

#include "rtp/time.h"

static inline rtp_time media_clock(clockid_t id) {
  struct timespec now;
  clock_gettime(id, &now);
  return (rtp_time)now.tv_sec * RTP_SECOND + now.tv_nsec;
}

static inline rtp_time media_clock_now(void) {
  return media_clock(CLOCK_MONOTONIC);
}

#endif
