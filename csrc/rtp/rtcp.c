/* SPDX-License-Identifier: MIT
 *
 * Each packet is V P count | type | length in words less one | body. Every field is
 * read behind a check that the packet is long enough for it.
 */
#include "rtp/rtcp.h"

#include "rtp/bytes.h"
#include "rtp/packet.h"

enum {
  HEAD = 4,
  PADDING_BIT = 0x20,
  COUNT_BITS = 0x1f,
  WORD = 4,
  SSRC_SIZE = 4,
  SENDER_INFO_SIZE = 20,
  BLOCK_SIZE = 24,
  SDES_CNAME = 1,
  SDES_END = 0,
  SDES_ITEM_HEAD = 2, /* type, length */
};

static size_t packet_len(const uint8_t *at) {
  return (rtp_get16(at + 2) + 1U) * (size_t)WORD;
}

/* Padding is whole words, counts itself, and leaves the first word (6.4.1). */
static bool is_padding_sound(const uint8_t *at, size_t len) {
  size_t padding = at[len - 1];
  return padding > 0 && padding % WORD == 0 && padding <= len - HEAD;
}

/* One packet of the compound: fits, and is padded only when it is the last. */
static bool is_packet_sound(const uint8_t *at, const uint8_t *end) {
  size_t left = (size_t)(end - at);
  if (left < HEAD || at[0] >> 6 != RTP_VERSION) return false;
  size_t len = packet_len(at);
  if (len > left) return false;
  return !(at[0] & PADDING_BIT) || (len == left && is_padding_sound(at, len));
}

bool rtcp_compound_parse(const uint8_t *bytes, size_t len, bool reduced_size, rtcp_compound *out) {
  *out = (rtcp_compound){bytes, bytes + len};
  if (len < HEAD) return false;
  if (!reduced_size && bytes[1] != RTCP_SR && bytes[1] != RTCP_RR) return false;
  for (const uint8_t *at = bytes; at < out->end; at += packet_len(at)) {
    if (!is_packet_sound(at, out->end)) return false;
  }
  return true;
}

bool rtcp_compound_next(rtcp_compound *compound, rtcp_packet *out) {
  const uint8_t *at = compound->at;
  if (at >= compound->end) return false;
  size_t len = packet_len(at);
  compound->at += len;
  if (at[0] & PADDING_BIT) len -= at[len - 1];
  *out = (rtcp_packet){at[1], at[0] & COUNT_BITS, at + HEAD, len - HEAD};
  return true;
}

static bool starts_with_sender(uint8_t type) {
  return type != RTCP_SDES && type != RTCP_BYE;
}

uint32_t rtcp_packet_sender(const rtcp_packet *packet) {
  bool has = starts_with_sender(packet->type) && packet->len >= SSRC_SIZE;
  return has ? rtp_get32(packet->body) : 0;
}

/* The report blocks of an SR or RR; NULL when it is neither, or shorter than it says. */
static const uint8_t *blocks_of(const rtcp_packet *packet) {
  if (packet->type != RTCP_SR && packet->type != RTCP_RR) return NULL;
  size_t from = SSRC_SIZE + (packet->type == RTCP_SR ? SENDER_INFO_SIZE : 0);
  bool sound = packet->len >= from + (size_t)packet->count * BLOCK_SIZE;
  return sound ? packet->body + from : NULL;
}

bool rtcp_packet_sender_info(const rtcp_packet *packet, rtcp_sender_info *out) {
  if (packet->type != RTCP_SR || !blocks_of(packet)) return false;
  const uint8_t *at = packet->body + SSRC_SIZE;
  *out =
      (rtcp_sender_info){rtp_get64(at), rtp_get32(at + 8), rtp_get32(at + 12), rtp_get32(at + 16)};
  return true;
}

/* 24 bits with a sign. */
static int32_t signed24(uint32_t value) {
  value &= 0xffffff;
  return value & 0x800000 ? (int32_t)value - 0x1000000 : (int32_t)value;
}

bool rtcp_packet_report_on(const rtcp_packet *packet, uint32_t ssrc, rtcp_report_block *out) {
  const uint8_t *at = blocks_of(packet);
  for (size_t i = 0; at && i < packet->count; i++, at += BLOCK_SIZE) {
    if (rtp_get32(at) != ssrc) continue;
    *out = (rtcp_report_block){.ssrc = ssrc,
                               .fraction_lost = at[4],
                               .lost = signed24(rtp_get32(at + 4)),
                               .highest = rtp_get32(at + 8),
                               .jitter = rtp_get32(at + 12),
                               .last_sr = rtp_get32(at + 16),
                               .delay = rtp_get32(at + 20)};
    return true;
  }
  return false;
}

/* Walks the items of a chunk that begins at `at`; where the next one begins, NULL when
 * the chunk does not end in time. The first CNAME among them goes to *cname. */
static const uint8_t *walk_chunk(const uint8_t *at, const uint8_t *end, sip_str *cname) {
  const uint8_t *start = at;
  at += SSRC_SIZE;
  while (at < end && *at != SDES_END) {
    if (end - at < SDES_ITEM_HEAD || end - at - SDES_ITEM_HEAD < at[1]) return NULL;
    if (*at == SDES_CNAME && !cname->ptr) {
      *cname = sip_str_make((const char *)at + SDES_ITEM_HEAD, at[1]);
    }
    at += SDES_ITEM_HEAD + at[1];
  }
  if (at == end) return NULL;
  return start + ((size_t)(at - start) / WORD + 1) * WORD; /* one null or more, to a whole word */
}

bool rtcp_packet_cname(const rtcp_packet *packet, uint32_t ssrc, sip_str *out) {
  if (packet->type != RTCP_SDES) return false;
  const uint8_t *at = packet->body, *end = packet->body + packet->len;
  for (size_t i = 0; i < packet->count && at && end - at >= SSRC_SIZE; i++) {
    bool ours = rtp_get32(at) == ssrc;
    sip_str cname = {0};
    at = walk_chunk(at, end, &cname);
    if (!at || !ours || !cname.ptr) continue;
    *out = cname;
    return true;
  }
  return false;
}

bool rtcp_packet_leaves(const rtcp_packet *packet, uint32_t ssrc, sip_str *reason) {
  size_t sources = (size_t)packet->count * SSRC_SIZE;
  if (packet->type != RTCP_BYE || packet->len < sources) return false;
  const uint8_t *at = packet->body, *behind = at + sources;
  while (at < behind && rtp_get32(at) != ssrc) at += SSRC_SIZE;
  if (at == behind) return false;
  size_t left = packet->len - sources;
  bool has_reason = left > 0 && behind[0] < left;
  *reason = has_reason ? sip_str_make((const char *)behind + 1, behind[0]) : (sip_str){0};
  return true;
}
