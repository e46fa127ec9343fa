/* SPDX-License-Identifier: MIT
 *
 * When to send RTCP: the interval and its reconsideration (RFC 3550 6.2, 6.3, A.7).
 * The session is one of few members; reverse and BYE reconsideration, which are for
 * crowds of 50 and more, have no place here.
 */
#ifndef MOONSIP_RTP_RTCP_SCHEDULE_H
#define MOONSIP_RTP_RTCP_SCHEDULE_H

#include <stddef.h>

#include "rtp/time.h"

enum { RTCP_UDP_OVERHEAD = 28 /* octets of IPv4 and UDP, which the average counts (6.2) */ };

typedef struct rtcp_schedule {
  double bandwidth;    /* octets per second for RTCP, 5 % of the session's */
  double average_size; /* octets of a compound packet, RTCP_UDP_OVERHEAD included */
  uint32_t members;    /* ourselves included */
  uint32_t senders;    /* those of them who sent RTP lately */
  bool we_sent;        /* we are one of those */
  bool initial;        /* no RTCP was sent yet */
  rtp_time minimum_ns; /* Tmin: 5 s */
  rtp_time last_at;    /* tp */
  rtp_time next_at;    /* tn */
} rtcp_schedule;

/* For a session of session_bandwidth bits per second (64000 for G.711) that begins
 * now. random: 32 random bits. */
void rtcp_schedule_init(rtcp_schedule *schedule, uint32_t session_bandwidth, rtp_time now,
                        uint32_t random);

/* Td of 6.3.1: the interval before it is randomised. */
rtp_time rtcp_schedule_interval(const rtcp_schedule *schedule);

/* At next_at: true when a report is to be sent now, false when reconsideration moved
 * next_at into the future (6.3.6). */
bool rtcp_schedule_due(rtcp_schedule *schedule, rtp_time now, uint32_t random);

/* After a report of `len` octets was sent, or one came: the average follows (6.3.3). */
void rtcp_schedule_sent(rtcp_schedule *schedule, size_t len, rtp_time now, uint32_t random);
void rtcp_schedule_received(rtcp_schedule *schedule, size_t len);

#endif
