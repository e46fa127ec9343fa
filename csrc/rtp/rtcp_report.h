/* SPDX-License-Identifier: MIT
 *
 * RTCP of ours: SR or RR, our CNAME, and at the end BYE, in one compound packet
 * (RFC 3550 6.1).
 */
#ifndef MOONSIP_RTP_RTCP_REPORT_H
#define MOONSIP_RTP_RTCP_REPORT_H

#include "rtp/rtcp.h"

typedef struct rtcp_report {
  uint32_t ssrc;                   /* ours */
  const rtcp_sender_info *sender;  /* NULL when we sent nothing since the last but one: RR */
  const rtcp_report_block *blocks; /* of what we hear */
  size_t block_count;              /* up to RTCP_BLOCKS_MAX */
  sip_str cname;                   /* 1 to RTCP_TEXT_MAX octets, the same for all our streams */
  bool bye;                        /* we leave */
  sip_str reason;                  /* for that; up to RTCP_TEXT_MAX octets, may be empty */
} rtcp_report;

/* Its length, a multiple of 4; 0 when it does not fit into `room` or the report is
 * not as said above. */
size_t rtcp_report_write(const rtcp_report *report, uint8_t *out, size_t room);

#endif
