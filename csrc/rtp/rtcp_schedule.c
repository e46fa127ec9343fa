/* SPDX-License-Identifier: MIT
 *
 * The algorithm of RFC 3550 A.7.
 */
#include "rtp/rtcp_schedule.h"

#include <stdbool.h>

#define MINIMUM_NS (5 * RTP_SECOND) /* 6.2 */
#define RTCP_SHARE 0.05             /* of the session's bandwidth (6.2) */
#define SENDER_SHARE 0.25           /* of that, while senders are few (6.2) */
#define COMPENSATION 1.21828        /* e - 3/2: reconsideration shortens the mean (6.3.1) */
#define FIRST_SIZE 100              /* octets that the first report is guessed to take (6.3.2) */
#define AVERAGE_SHARE (1.0 / 16)    /* of a new size (6.3.3) */
#define LONGEST_S 3600.0

rtp_time rtcp_schedule_interval(const rtcp_schedule *s) {
  double bandwidth = s->bandwidth, members = s->members;
  if (s->senders <= s->members * SENDER_SHARE) {
    members = s->we_sent ? s->senders : members - s->senders;
    bandwidth *= s->we_sent ? SENDER_SHARE : 1 - SENDER_SHARE;
  }
  double seconds = bandwidth > 0 ? s->average_size * members / bandwidth : LONGEST_S;
  if (!(seconds < LONGEST_S)) seconds = LONGEST_S;
  rtp_time interval = (rtp_time)(seconds * (double)RTP_SECOND);
  rtp_time minimum = s->initial ? s->minimum_ns / 2 : s->minimum_ns;
  return interval > minimum ? interval : minimum;
}

/* T of 6.3.1: half to one and a half of it, compensated. */
static rtp_time randomised(const rtcp_schedule *schedule, uint32_t random) {
  double share = 0.5 + random / 4294967296.0;
  return (rtp_time)((double)rtcp_schedule_interval(schedule) * share / COMPENSATION);
}

void rtcp_schedule_init(rtcp_schedule *schedule, uint32_t session_bandwidth, rtp_time now,
                        uint32_t random) {
  *schedule = (rtcp_schedule){.bandwidth = session_bandwidth / 8.0 * RTCP_SHARE,
                              .average_size = FIRST_SIZE + RTCP_UDP_OVERHEAD,
                              .members = 1,
                              .initial = true,
                              .minimum_ns = MINIMUM_NS,
                              .last_at = now};
  schedule->next_at = rtp_time_after(now, randomised(schedule, random));
}

bool rtcp_schedule_due(rtcp_schedule *schedule, rtp_time now, uint32_t random) {
  if (now < schedule->next_at) return false;
  schedule->next_at = rtp_time_after(schedule->last_at, randomised(schedule, random));
  return schedule->next_at <= now;
}

void rtcp_schedule_received(rtcp_schedule *schedule, size_t len) {
  double size = (double)len + RTCP_UDP_OVERHEAD;
  schedule->average_size += (size - schedule->average_size) * AVERAGE_SHARE;
}

void rtcp_schedule_sent(rtcp_schedule *schedule, size_t len, rtp_time now, uint32_t random) {
  rtcp_schedule_received(schedule, len);
  schedule->last_at = now;
  schedule->initial = false;
  schedule->next_at = rtp_time_after(now, randomised(schedule, random));
}
