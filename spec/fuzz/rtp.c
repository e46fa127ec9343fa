/* SPDX-License-Identifier: MIT
 *
 * What a media port may receive. The first byte says whether the rest is one RTP packet,
 * one RTCP packet, or a programme: of telephone events, for the jitter buffer, for the
 * latch, for a source. Steps of a programme are a few bytes each; time passes as they say.
 */
#include "fuzz.h"
#include "rtp/demux.h"
#include "rtp/event_receiver.h"
#include "rtp/jitter_buffer.h"
#include "rtp/latch.h"
#include "rtp/rtcp.h"
#include "rtp/source.h"

enum { MODES = 6, PAYLOAD_MAX = 300 };

typedef struct input {
  const uint8_t *at;
  const uint8_t *end;
} input;

static uint8_t next8(input *in) {
  return in->at < in->end ? *in->at++ : 0;
}

static uint16_t next16(input *in) {
  uint16_t high = next8(in);
  return (uint16_t)(high << 8 | next8(in));
}

static uint32_t next32(input *in) {
  uint32_t high = next16(in);
  return high << 16 | next16(in);
}

/* A block of its own, so that one byte too many is seen. */
static uint8_t *next_bytes(input *in, size_t len) {
  uint8_t *copy = malloc(len ? len : 1);
  for (size_t i = 0; i < len; i++) copy[i] = next8(in);
  return copy;
}

static bool lies_in(const uint8_t *part, size_t len, const uint8_t *bytes, size_t size) {
  return len == 0 || (part >= bytes && part + len <= bytes + size);
}

/* --- One packet ---------------------------------------------------------------------- */

static void try_packet(const uint8_t *bytes, size_t size) {
  rtp_packet packet, again;
  rtp_demux(bytes, size);
  if (!rtp_packet_parse(bytes, size, &packet)) return;
  HOLDS(lies_in(packet.payload, packet.payload_len, bytes, size));
  HOLDS(lies_in(packet.extension, packet.extension_len, bytes, size));
  HOLDS(lies_in(packet.csrcs, packet.csrc_count * 4U, bytes, size));
  uint8_t *out = malloc(size);
  size_t len = rtp_packet_write(&packet, out, size);
  HOLDS(len == rtp_packet_header_len(&packet) + packet.payload_len && len <= size);
  HOLDS(rtp_packet_parse(out, len, &again));
  HOLDS(again.ssrc == packet.ssrc && again.timestamp == packet.timestamp);
  HOLDS(again.sequence == packet.sequence && again.marker == packet.marker);
  HOLDS(again.payload_len == packet.payload_len);
  HOLDS(memcmp(again.payload, packet.payload, packet.payload_len) == 0);
  HOLDS(rtp_packet_write(&packet, out, len - 1) == 0);
  free(out);
}

static void try_rtcp(const uint8_t *bytes, size_t size, bool reduced_size) {
  rtcp_compound compound;
  rtcp_packet packet;
  rtcp_sender_info info;
  rtcp_report_block block;
  sip_str text = {0};
  if (!rtcp_compound_parse(bytes, size, reduced_size, &compound)) return;
  size_t len = 0;
  while (rtcp_compound_next(&compound, &packet)) {
    HOLDS(lies_in(packet.body, packet.len, bytes, size));
    len += 4 + packet.len;
    rtcp_packet_sender_info(&packet, &info);
    for (uint32_t ssrc = 0; ssrc < 4; ssrc++) {
      rtcp_packet_report_on(&packet, ssrc, &block);
      if (rtcp_packet_cname(&packet, ssrc, &text)) {
        HOLDS(lies_in((const uint8_t *)text.ptr, text.len, packet.body, packet.len));
      }
      if (rtcp_packet_leaves(&packet, ssrc, &text)) {
        HOLDS(lies_in((const uint8_t *)text.ptr, text.len, packet.body, packet.len));
      }
    }
  }
  HOLDS(compound.at == compound.end && len <= size);
}

/* --- Programmes ---------------------------------------------------------------------- */

/* Every event that started ends, and none ends that did not start. */
static void check_reports(rtp_event_receiver *receiver, int *going_on) {
  rtp_event_report report;
  while (rtp_event_receiver_next(receiver, &report)) {
    bool starts = report.phase == RTP_EVENT_STARTED;
    HOLDS(starts == (*going_on < 0));
    HOLDS(starts || *going_on == report.code);
    *going_on = starts ? report.code : -1;
  }
}

static void run_events(input *in) {
  rtp_event_receiver receiver;
  rtp_time now = 0;
  int going_on = -1;
  rtp_event_receiver_init(&receiver);
  while (in->at < in->end) {
    now += next8(in) * RTP_MS;
    uint8_t len = next8(in) % 24;
    uint32_t timestamp = next16(in);
    uint8_t *payload = next_bytes(in, len);
    rtp_packet packet = {
        .timestamp = timestamp, .marker = timestamp & 1, .payload = payload, .payload_len = len};
    rtp_event_receiver_packet(&receiver, &packet, now);
    check_reports(&receiver, &going_on);
    free(payload);
  }
  rtp_event_receiver_tick(&receiver, now + RTP_SECOND);
  check_reports(&receiver, &going_on);
  HOLDS(going_on < 0);
}

static unsigned count_bits(uint64_t bits) {
  return (unsigned)__builtin_popcountll(bits);
}

/* Every packet is accounted for, and every cell. */
static void check_jitter(const rtp_jitter_buffer *b) {
  const rtp_jitter_stats *s = &b->stats;
  const rtp_slots *slots = &b->slots;
  HOLDS((slots->present & slots->accounted) == 0);
  HOLDS(s->received ==
        s->duplicate + s->late + s->overflow + s->played + s->skipped + count_bits(slots->present));
  size_t used = 0;
  for (int n = 0; n < RTP_SLOTS; n++) {
    if (!(slots->present >> n & 1)) continue;
    used += rtp_cells_for(slots->slots[(uint64_t)(slots->next + n) % RTP_SLOTS].len);
  }
  HOLDS(slots->cells.free + used == slots->cells.count);
  int64_t target = rtp_jitter_buffer_target(b);
  HOLDS(target >= b->min && target <= b->max);
}

static void put_one(rtp_jitter_buffer *b, input *in, rtp_time now) {
  static const uint8_t audio[PAYLOAD_MAX];
  uint8_t how = next8(in);
  rtp_packet packet = {.payload_type = how & 1 ? 13 : 0,
                       .marker = how & 2,
                       .ssrc = how >> 6,
                       .sequence = next16(in),
                       .timestamp = next16(in) * (how & 4 ? 65537U : 16U),
                       .payload = audio,
                       .payload_len = next16(in) % (PAYLOAD_MAX + 1)};
  if (how & 8) {
    rtp_jitter_buffer_pass(b, &packet);
  } else {
    rtp_jitter_buffer_put(b, &packet, how & 1 ? 0 : packet.payload_len, now);
  }
}

static void get_some(rtp_jitter_buffer *b, input *in, rtp_time now) {
  uint8_t room[PAYLOAD_MAX];
  uint8_t how = next8(in);
  rtp_jitter_request request = {now, how & 1, room, how & 2 ? 100 : sizeof room};
  for (int i = 0; i <= how >> 5; i++) {
    rtp_jitter_frame frame;
    rtp_jitter_result result = rtp_jitter_buffer_get(b, &request, &frame);
    HOLDS(result == RTP_JITTER_FRAME || frame.ticks > 0);
    HOLDS(result != RTP_JITTER_FRAME || frame.len <= request.size);
    if (frame.mendable) HOLDS(rtp_jitter_buffer_peek(b, room, sizeof room) <= sizeof room);
  }
}

static void run_jitter(input *in) {
  uint16_t memory[1024];
  rtp_jitter_buffer b;
  rtp_time now = next8(in) & 1 ? INT64_MAX / 2 : 0;
  rtp_jitter_config config = {.clock_rate = 8000,
                              .noise_type = 13,
                              .memory = memory,
                              .memory_size = rtp_cells_memory(1) + next16(in) % 1900};
  HOLDS(rtp_jitter_buffer_init(&b, &config));
  while (in->at < in->end) {
    uint8_t step = next8(in);
    now += (step >> 3) * (step & 4 ? RTP_SECOND : RTP_MS * 4);
    if ((step & 3) == 3) rtp_jitter_buffer_restart(&b);
    if (step & 1) put_one(&b, in, now);
    if (step & 2) get_some(&b, in, now);
    check_jitter(&b);
  }
}

static void run_latch(input *in) {
  rtp_latch latch;
  uint8_t how = next8(in);
  rtp_latch_config config = {(rtp_latch_mode)(how % 3), how & 4};
  sip_sockaddr expected = {.family = 4, .ip = {192, 0, 2, 1}, .port = 4000};
  rtp_time now = 0;
  unsigned tentative = 0;
  rtp_latch_init(&latch, &config);
  rtp_latch_expect(&latch, &expected, NULL, now);
  while (in->at < in->end) {
    uint8_t step = next8(in);
    now += (step >> 4) * 10 * RTP_MS;
    sip_sockaddr from = {.family = 4, .ip = {192, 0, 2, step & 7}, .port = 4000};
    rtp_packet packet = {.sequence = next16(in), .ssrc = next8(in) & 3};
    rtp_latch_packet p = {&from, &packet, step & 8};
    bool learnt = latch.learnt;
    rtp_latch_verdict verdict = rtp_latch_receive(&latch, &p, now);
    if (verdict == RTP_LATCH_REFUSE) continue;
    HOLDS(!config.secure || p.authenticated);
    HOLDS(verdict == RTP_LATCH_ACCEPT || sip_sockaddr_equal(&from, &latch.remote));
    if (!learnt && verdict == RTP_LATCH_ACCEPT) tentative++;
    HOLDS(tentative <= RTP_LATCH_TENTATIVE_MAX);
    HOLDS(!learnt || sip_sockaddr_equal(&from, &latch.remote));
    HOLDS(config.mode != RTP_LATCH_OFF || sip_sockaddr_equal(&from, &expected));
  }
}

static void run_source(input *in) {
  rtp_source source;
  rtcp_report_block block;
  rtp_time now = next8(in) & 1 ? INT64_MAX / 2 : 0;
  rtp_source_init(&source, 48000, next8(in) % 4);
  while (in->at < in->end) {
    uint8_t step = next8(in);
    now += (step >> 2) * 10 * RTP_MS;
    rtp_packet packet = {
        .sequence = next16(in), .timestamp = next32(in), .ssrc = step & 3, .payload_len = 160};
    rtp_source_receive(&source, &packet, now);
    HOLDS(source.sequence.highest + 1 >= source.sequence.first);
    if (rtp_source_report(&source, now, &block)) {
      HOLDS(block.lost <= 0x7fffff && block.lost >= -0x800000);
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  uint8_t mode = data[0] % MODES;
  input in = {data + 1, data + size};
  if (mode > 1) {
    void (*const run[])(input *) = {run_events, run_jitter, run_latch, run_source};
    run[mode - 2](&in);
    return 0;
  }
  uint8_t *bytes = next_bytes(&in, size - 1);
  if (mode == 0) {
    try_packet(bytes, size - 1);
  } else {
    try_rtcp(bytes, size - 1, data[0] >= 128);
  }
  free(bytes);
  return 0;
}
