/* SPDX-License-Identifier: MIT
 *
 * What the media thread sleeps on: an instant of the monotonic clock, a wake-up by another
 * thread, and one more descriptor.
 */
#ifndef MOONSIP_MEDIA_ALARM_H
#define MOONSIP_MEDIA_ALARM_H

#include "media/time.h"

typedef struct media_alarm {
  int poll, timer, wake; /* descriptors */
  rtp_time set_to;       /* the instant; 0: none, less: it was that */
} media_alarm;

/* 0 or a negative system error. */
int media_alarm_init(media_alarm *alarm);
void media_alarm_deinit(media_alarm *alarm);

/* Wakes for that descriptor, when it is readable, from now on; or not any more. */
int media_alarm_watch(media_alarm *alarm, int fd);
void media_alarm_mind(media_alarm *alarm, int fd, bool minds);

/* Sleeps until that instant (RTP_TIME_NEVER: for good), or until something comes first. */
void media_alarm_wait(media_alarm *alarm, rtp_time until);
/* From any thread, without lock or allocation. */
void media_alarm_ring(const media_alarm *alarm);

#endif
