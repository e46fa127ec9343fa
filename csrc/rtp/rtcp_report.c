/* SPDX-License-Identifier: MIT
 *
 * The length is known before the first byte is written.
 */
#include "rtp/rtcp_report.h"

#include <string.h>

#include "rtp/bytes.h"
#include "rtp/packet.h"

enum {
  WORD = 4,
  RR_SIZE = 8, /* head and SSRC */
  SR_SIZE = 28,
  BLOCK_SIZE = 24,
  SDES_HEAD = 10, /* head, SSRC, type and length of the item */
  SDES_CNAME = 1,
  BYE_SIZE = 8,
  LOST_MAX = 0x7fffff, /* 24 bits with a sign */
  LOST_MIN = -0x800000,
};

static size_t whole_words(size_t len) {
  return (len + WORD - 1) / WORD * WORD;
}

/* The item ends with a null octet at least (6.5). */
static size_t sdes_len(const rtcp_report *report) {
  return whole_words(SDES_HEAD + report->cname.len + 1);
}

static size_t bye_len(const rtcp_report *report) {
  if (!report->bye) return 0;
  return BYE_SIZE + (report->reason.len > 0 ? whole_words(1 + report->reason.len) : 0);
}

static void put_head(uint8_t *out, size_t count, uint8_t type, size_t len) {
  out[0] = (uint8_t)(RTP_VERSION << 6 | count);
  out[1] = type;
  rtp_put16(out + 2, (uint16_t)(len / WORD - 1));
}

static void put_block(uint8_t *out, const rtcp_report_block *block) {
  int32_t lost = block->lost;
  if (lost > LOST_MAX) lost = LOST_MAX;
  if (lost < LOST_MIN) lost = LOST_MIN;
  rtp_put32(out, block->ssrc);
  rtp_put32(out + 4, (uint32_t)block->fraction_lost << 24 | ((uint32_t)lost & 0xffffff));
  rtp_put32(out + 8, block->highest);
  rtp_put32(out + 12, block->jitter);
  rtp_put32(out + 16, block->last_sr);
  rtp_put32(out + 20, block->delay);
}

static uint8_t *put_report(uint8_t *out, const rtcp_report *report) {
  const rtcp_sender_info *sender = report->sender;
  size_t head = sender ? SR_SIZE : RR_SIZE, len = head + report->block_count * BLOCK_SIZE;
  put_head(out, report->block_count, sender ? RTCP_SR : RTCP_RR, len);
  rtp_put32(out + 4, report->ssrc);
  if (sender) {
    rtp_put64(out + 8, sender->ntp);
    rtp_put32(out + 16, sender->timestamp);
    rtp_put32(out + 20, sender->packets);
    rtp_put32(out + 24, sender->octets);
  }
  for (size_t i = 0; i < report->block_count; i++) {
    put_block(out + head + i * BLOCK_SIZE, &report->blocks[i]);
  }
  return out + len;
}

static uint8_t *put_cname(uint8_t *out, const rtcp_report *report) {
  size_t len = sdes_len(report);
  memset(out, 0, len);
  put_head(out, 1, RTCP_SDES, len);
  rtp_put32(out + 4, report->ssrc);
  out[8] = SDES_CNAME;
  out[9] = (uint8_t)report->cname.len;
  memcpy(out + SDES_HEAD, report->cname.ptr, report->cname.len);
  return out + len;
}

static void put_bye(uint8_t *out, const rtcp_report *report) {
  size_t len = bye_len(report);
  memset(out, 0, len);
  put_head(out, 1, RTCP_BYE, len);
  rtp_put32(out + 4, report->ssrc);
  if (report->reason.len == 0) return;
  out[BYE_SIZE] = (uint8_t)report->reason.len;
  memcpy(out + BYE_SIZE + 1, report->reason.ptr, report->reason.len);
}

size_t rtcp_report_write(const rtcp_report *report, uint8_t *out, size_t room) {
  bool sound = report->block_count <= RTCP_BLOCKS_MAX && report->cname.len > 0 &&
               report->cname.len <= RTCP_TEXT_MAX && report->reason.len <= RTCP_TEXT_MAX;
  if (!sound) return 0;
  size_t head = report->sender ? SR_SIZE : RR_SIZE;
  size_t len = head + report->block_count * BLOCK_SIZE + sdes_len(report) + bye_len(report);
  if (len > room) return 0;
  uint8_t *at = put_cname(put_report(out, report), report);
  if (report->bye) put_bye(at, report);
  return len;
}
