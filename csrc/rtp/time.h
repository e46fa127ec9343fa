/* SPDX-License-Identifier: MIT
 *
 * Time of media is an argument: nanoseconds on a monotonic clock that the caller
 * owns. RTP counts in ticks of the payload's clock (RFC 3550 5.1), RTCP in NTP
 * timestamps (4). Nothing here overflows, whatever the clock shows.
 */
#ifndef MOONSIP_RTP_TIME_H
#define MOONSIP_RTP_TIME_H

#include <stdbool.h>
#include <stdint.h>

typedef int64_t rtp_time; /* nanoseconds: named _at for an instant, _ns for a span */

#define RTP_TIME_NEVER INT64_MAX
#define RTP_MS INT64_C(1000000) /* in nanoseconds */
#define RTP_SECOND INT64_C(1000000000)

enum { RTP_CLOCK_RATE_MIN = 1000, RTP_CLOCK_RATE_MAX = 192000 }; /* Hz */

/* Ticks of a clock of `rate` Hz in a span, rounded down; and the span of as many
 * ticks. At rates of up to RTP_CLOCK_RATE_MAX. */
static inline int64_t rtp_ticks(rtp_time span_ns, uint32_t rate) {
  return span_ns / RTP_SECOND * rate + span_ns % RTP_SECOND * rate / RTP_SECOND;
}

static inline rtp_time rtp_span(int64_t ticks, uint32_t rate) {
  return ticks / rate * RTP_SECOND + ticks % rate * RTP_SECOND / rate;
}

/* later - earlier of two instants, kept within int64. */
static inline rtp_time rtp_time_since(rtp_time later, rtp_time earlier) {
  rtp_time span;
  if (!__builtin_sub_overflow(later, earlier, &span)) return span;
  return later < earlier ? INT64_MIN : INT64_MAX;
}

static inline rtp_time rtp_time_after(rtp_time at, rtp_time span_ns) {
  rtp_time later;
  if (!__builtin_add_overflow(at, span_ns, &later)) return later;
  return span_ns < 0 ? INT64_MIN : INT64_MAX;
}

/* Of two RTP timestamps, or two sequence numbers, how far `a` is ahead of `b`. */
static inline int32_t rtp_timestamp_ahead(uint32_t a, uint32_t b) {
  return (int32_t)(a - b);
}

static inline int16_t rtp_sequence_ahead(uint16_t a, uint16_t b) {
  return (int16_t)(uint16_t)(a - b);
}

/* 64 bits of an NTP timestamp: seconds since 1900, and their fraction of 2^32. */
uint64_t rtp_ntp_from_unix(int64_t since_1970_ns);

/* Its middle 32 bits, which LSR and DLSR count in: 1/65536 s (RFC 3550 6.4.1). */
static inline uint32_t rtp_ntp_middle(uint64_t ntp) {
  return (uint32_t)(ntp >> 16);
}

#endif
