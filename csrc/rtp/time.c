/* SPDX-License-Identifier: MIT
 *
 * NTP timestamps.
 */
#include "rtp/time.h"

/* Seconds from 1900 to 1970: 70 years, 17 of them leap years. */
#define UNIX_EPOCH UINT64_C(2208988800)

uint64_t rtp_ntp_from_unix(int64_t since_1970_ns) {
  int64_t seconds = since_1970_ns / RTP_SECOND, rest = since_1970_ns % RTP_SECOND;
  if (rest < 0) {
    rest += RTP_SECOND;
    seconds--;
  }
  uint64_t fraction = ((uint64_t)rest << 32) / (uint64_t)RTP_SECOND;
  return ((uint64_t)seconds + UNIX_EPOCH) << 32 | fraction;
}
