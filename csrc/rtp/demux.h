/* SPDX-License-Identifier: MIT
 *
 * What a datagram on a media port is, by its first bytes (RFC 7983 7, RFC 5761 4).
 */
#ifndef MOONSIP_RTP_DEMUX_H
#define MOONSIP_RTP_DEMUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum rtp_protocol {
  RTP_PROTOCOL_NONE, /* to be dropped; also what is empty or of one byte */
  RTP_PROTOCOL_STUN,
  RTP_PROTOCOL_ZRTP,
  RTP_PROTOCOL_DTLS,
  RTP_PROTOCOL_TURN, /* channel data */
  RTP_PROTOCOL_RTP,
  RTP_PROTOCOL_RTCP, /* packet types 192 to 223, whatever port it came to */
} rtp_protocol;

rtp_protocol rtp_demux(const uint8_t *bytes, size_t len);

#endif
