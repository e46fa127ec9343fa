/* SPDX-License-Identifier: MIT
 *
 * Ranges of the first byte, one row each.
 */
#include "rtp/demux.h"

enum { RTCP_FIRST = 192, RTCP_LAST = 223 };

typedef struct range {
  uint8_t first, last;
  uint8_t protocol;
} range;

/* RFC 7983 7, figure 3 */
static const range ranges[] = {
    {128, 191, RTP_PROTOCOL_RTP}, {0, 3, RTP_PROTOCOL_STUN},   {20, 63, RTP_PROTOCOL_DTLS},
    {16, 19, RTP_PROTOCOL_ZRTP},  {64, 79, RTP_PROTOCOL_TURN},
};

rtp_protocol rtp_demux(const uint8_t *bytes, size_t len) {
  if (len < 2) return RTP_PROTOCOL_NONE;
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
    if (bytes[0] < ranges[i].first || bytes[0] > ranges[i].last) continue;
    bool is_rtcp =
        ranges[i].protocol == RTP_PROTOCOL_RTP && bytes[1] >= RTCP_FIRST && bytes[1] <= RTCP_LAST;
    return is_rtcp ? RTP_PROTOCOL_RTCP : (rtp_protocol)ranges[i].protocol;
  }
  return RTP_PROTOCOL_NONE;
}
