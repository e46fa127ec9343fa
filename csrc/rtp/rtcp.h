/* SPDX-License-Identifier: MIT
 *
 * Received RTCP (RFC 3550 6): a compound packet, walked packet by packet. Types that
 * nobody asks for (APP, XR, feedback, those to come) are walked over by their length.
 */
#ifndef MOONSIP_RTP_RTCP_H
#define MOONSIP_RTP_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
  RTCP_SR = 200,
  RTCP_RR = 201,
  RTCP_SDES = 202,
  RTCP_BYE = 203,
  RTCP_APP = 204,
  RTCP_RTPFB = 205, /* RFC 4585 6.2 */
  RTCP_PSFB = 206,  /* RFC 4585 6.3 */
  RTCP_XR = 207,    /* RFC 3611 2 */
  RTCP_BLOCKS_MAX = 31,
  RTCP_TEXT_MAX = 255, /* octets of a CNAME or a reason for leaving */
};

/* What a sender says of its own stream (6.4.1). */
typedef struct rtcp_sender_info {
  uint64_t ntp;
  uint32_t timestamp; /* of the same instant, on the stream's clock */
  uint32_t packets;
  uint32_t octets; /* of payload */
} rtcp_sender_info;

/* What a receiver says of a stream it hears (6.4.1). */
typedef struct rtcp_report_block {
  uint32_t ssrc;         /* of that stream */
  int32_t lost;          /* in all: 24 bits, negative with copies */
  uint8_t fraction_lost; /* since its last report, in 1/256 */
  uint32_t highest;      /* extended sequence number */
  uint32_t jitter;       /* ticks of the stream's clock */
  uint32_t last_sr;      /* middle 32 bits of the NTP timestamp; 0: none came */
  uint32_t delay;        /* since that report, in 1/65536 s */
} rtcp_report_block;

typedef struct rtcp_packet {
  uint8_t type;
  uint8_t count;       /* five bits: report blocks, chunks, sources, subtype, format */
  const uint8_t *body; /* behind the first word, without padding */
  size_t len;
} rtcp_packet;

typedef struct rtcp_compound {
  const uint8_t *at;
  const uint8_t *end;
} rtcp_compound;

/* False when the bytes are no compound packet: the lengths must add up, versions be
 * 2, padding be in the last packet alone, and the first be a report (A.2), unless
 * reduced_size was negotiated (RFC 5506). */
bool rtcp_compound_parse(const uint8_t *bytes, size_t len, bool reduced_size, rtcp_compound *out);

/* The next packet of it; false at the end. */
bool rtcp_compound_next(rtcp_compound *compound, rtcp_packet *out);

/* The SSRC of who sent an SR, RR, APP, XR or feedback packet; 0 when it is too short. */
uint32_t rtcp_packet_sender(const rtcp_packet *packet);

/* Of an SR; false for other types and what is too short for its own count. */
bool rtcp_packet_sender_info(const rtcp_packet *packet, rtcp_sender_info *out);

/* The report block about that SSRC in an SR or RR, if there is one. */
bool rtcp_packet_report_on(const rtcp_packet *packet, uint32_t ssrc, rtcp_report_block *out);

/* The CNAME of that SSRC in an SDES packet, if there is one (6.5.1). */
bool rtcp_packet_cname(const rtcp_packet *packet, uint32_t ssrc, sip_str *out);

/* True when that SSRC leaves by this BYE packet; why, when it says so (6.6). */
bool rtcp_packet_leaves(const rtcp_packet *packet, uint32_t ssrc, sip_str *reason);

#endif
