/* SPDX-License-Identifier: MIT
 *
 * An RTP packet (RFC 3550 5.1, 5.3.1): the header by value, the rest as slices of
 * the bytes that it was parsed from.
 */
#ifndef MOONSIP_RTP_PACKET_H
#define MOONSIP_RTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  RTP_VERSION = 2,
  RTP_HEADER_SIZE = 12,    /* without CSRCs and extension */
  RTP_CSRCS_MAX = 15,      /* CC has four bits */
  RTP_PAYLOAD_TYPES = 128, /* PT has seven */
};

typedef struct rtp_packet {
  uint8_t payload_type;
  bool marker;
  bool has_extension;
  uint8_t csrc_count;
  uint16_t sequence;
  uint16_t extension_profile; /* "defined by profile" */
  uint32_t timestamp;
  uint32_t ssrc;
  uint32_t extension_len; /* bytes behind profile and length: a multiple of 4 */
  uint32_t payload_len;   /* without padding; may be 0 */
  const uint8_t *csrcs;   /* 4 bytes each, in network order */
  const uint8_t *extension;
  const uint8_t *payload;
} rtp_packet;

/* False when the bytes are no RTP packet: too short for what their header says, of
 * another version, or with more padding than there is. Of padding that fills the
 * packet nothing is left, which is sound. */
bool rtp_packet_parse(const uint8_t *bytes, size_t len, rtp_packet *out);

/* How many bytes header, CSRCs and extension take. */
size_t rtp_packet_header_len(const rtp_packet *packet);

/* Writes the packet, without padding; its length, or 0 when it does not fit into
 * `room`, has more than RTP_CSRCS_MAX CSRCs, or an extension that is not of whole
 * words or too long for its length field. A payload that stands already where it
 * goes, rtp_packet_header_len behind `out`, is not copied. */
size_t rtp_packet_write(const rtp_packet *packet, uint8_t *out, size_t room);

#endif
