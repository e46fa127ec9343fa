/* SPDX-License-Identifier: MIT
 *
 * V P X CC | M PT | sequence | timestamp | SSRC | CSRCs | extension | payload | padding
 */
#include "rtp/packet.h"

#include <string.h>

#include "rtp/bytes.h"

enum {
  PADDING_BIT = 0x20,
  EXTENSION_BIT = 0x10,
  CSRC_COUNT = 0x0f,
  MARKER_BIT = 0x80,
  CSRC_SIZE = 4,
  EXTENSION_HEAD = 4,     /* profile, and length in words */
  EXTENSION_MAX = 0xffff, /* words */
};

bool rtp_packet_parse(const uint8_t *bytes, size_t len, rtp_packet *out) {
  if (len < RTP_HEADER_SIZE || len > UINT32_MAX || bytes[0] >> 6 != RTP_VERSION) return false;
  *out = (rtp_packet){.payload_type = bytes[1] & (RTP_PAYLOAD_TYPES - 1),
                      .marker = bytes[1] & MARKER_BIT,
                      .csrc_count = bytes[0] & CSRC_COUNT,
                      .has_extension = bytes[0] & EXTENSION_BIT,
                      .sequence = rtp_get16(bytes + 2),
                      .timestamp = rtp_get32(bytes + 4),
                      .ssrc = rtp_get32(bytes + 8),
                      .csrcs = bytes + RTP_HEADER_SIZE};
  size_t at = RTP_HEADER_SIZE + (size_t)out->csrc_count * CSRC_SIZE;
  if (out->has_extension) {
    if (len < at + EXTENSION_HEAD) return false;
    out->extension_profile = rtp_get16(bytes + at);
    out->extension_len = rtp_get16(bytes + at + 2) * 4U;
    out->extension = bytes + at + EXTENSION_HEAD;
    at += EXTENSION_HEAD + out->extension_len;
  }
  size_t padding = bytes[0] & PADDING_BIT ? bytes[len - 1] : 0;
  if (len < at + padding || (bytes[0] & PADDING_BIT && padding == 0)) return false;
  out->payload = bytes + at;
  out->payload_len = (uint32_t)(len - at - padding);
  return true;
}

size_t rtp_packet_header_len(const rtp_packet *packet) {
  size_t extension = packet->has_extension ? EXTENSION_HEAD + packet->extension_len : 0;
  return RTP_HEADER_SIZE + (size_t)packet->csrc_count * CSRC_SIZE + extension;
}

static uint8_t *put(uint8_t *out, const uint8_t *bytes, size_t len) {
  if (len > 0 && bytes != out) memmove(out, bytes, len);
  return out + len;
}

size_t rtp_packet_write(const rtp_packet *packet, uint8_t *out, size_t room) {
  size_t len = rtp_packet_header_len(packet) + packet->payload_len;
  bool sound = packet->csrc_count <= RTP_CSRCS_MAX && packet->extension_len % 4 == 0 &&
               packet->extension_len / 4 <= EXTENSION_MAX &&
               packet->payload_type < RTP_PAYLOAD_TYPES;
  if (!sound || len > room) return 0;
  unsigned extension = packet->has_extension ? EXTENSION_BIT : 0;
  out[0] = (uint8_t)(RTP_VERSION << 6 | extension | packet->csrc_count);
  out[1] = (uint8_t)((packet->marker ? MARKER_BIT : 0) | packet->payload_type);
  rtp_put16(out + 2, packet->sequence);
  rtp_put32(out + 4, packet->timestamp);
  rtp_put32(out + 8, packet->ssrc);
  uint8_t *at = put(out + RTP_HEADER_SIZE, packet->csrcs, (size_t)packet->csrc_count * CSRC_SIZE);
  if (packet->has_extension) {
    rtp_put16(at, packet->extension_profile);
    rtp_put16(at + 2, (uint16_t)(packet->extension_len / 4));
    at = put(at + EXTENSION_HEAD, packet->extension, packet->extension_len);
  }
  put(at, packet->payload, packet->payload_len);
  return len;
}
