/* SPDX-License-Identifier: MIT
 *
 * One SSRC that counts, one on probation.
 */
#include "rtp/source.h"

enum {
  JITTER_SCALE = 16,   /* A.8 keeps 16 times the estimate */
  DISCONTINUITY_S = 3, /* a larger change of transit is a timestamp that jumped, no jitter */
};

void rtp_source_init(rtp_source *source, uint32_t clock_rate, uint16_t probation) {
  *source = (rtp_source){.clock_rate = clock_rate, .probation = probation};
  rtp_sequence_init(&source->sequence, probation);
}

void rtp_source_set_clock_rate(rtp_source *source, uint32_t clock_rate) {
  if (clock_rate == source->clock_rate) return;
  source->clock_rate = clock_rate;
  source->jitter = 0;
  source->has_transit = false;
}

/* J += (|D| - J) / 16, in whole numbers as A.8 has it; transit wraps as timestamps do. */
static void measure_jitter(rtp_source *s, uint32_t timestamp, rtp_time now) {
  uint32_t transit = (uint32_t)rtp_ticks(now, s->clock_rate) - timestamp;
  int64_t change = s->has_transit ? (int32_t)(transit - s->transit) : 0;
  uint64_t distance = (uint64_t)(change < 0 ? -change : change);
  s->transit = transit;
  s->has_transit = true;
  if (distance > (uint64_t)s->clock_rate * DISCONTINUITY_S) return;
  s->jitter += distance - ((s->jitter + JITTER_SCALE / 2) / JITTER_SCALE);
}

uint32_t rtp_source_jitter(const rtp_source *source) {
  return (uint32_t)(source->jitter / JITTER_SCALE);
}

/* Everything known is of another SSRC, or of a life before. */
static void begin(rtp_source *s, uint32_t ssrc) {
  s->ssrc = ssrc;
  s->octets = 0;
  s->jitter = 0;
  s->has_transit = false;
  s->has_candidate = false;
  s->last_sr = 0;
  s->changes++;
}

static bool is_valid(const rtp_source *s) {
  return s->sequence.received > 0;
}

static rtp_source_verdict count(rtp_source *s, const rtp_packet *packet, rtp_time now,
                                rtp_source_verdict verdict) {
  s->octets += packet->payload_len;
  s->heard_at = now;
  measure_jitter(s, packet->timestamp, now);
  return verdict;
}

static rtp_source_verdict refuse(rtp_source *s, rtp_source_verdict verdict) {
  s->strays++;
  return verdict;
}

/* A packet of an SSRC that does not count yet. */
static rtp_source_verdict prove(rtp_source *s, const rtp_packet *packet, rtp_time now) {
  if (!s->has_candidate || packet->ssrc != s->candidate_ssrc) {
    rtp_sequence_init(&s->candidate, is_valid(s) ? RTP_MIN_SEQUENTIAL : s->probation);
    s->candidate_ssrc = packet->ssrc;
    s->has_candidate = true;
  }
  if (rtp_sequence_receive(&s->candidate, packet->sequence) == RTP_SEQUENCE_PROBATION) {
    return refuse(s, RTP_SOURCE_PROBATION);
  }
  s->sequence = s->candidate;
  begin(s, packet->ssrc);
  return count(s, packet, now, RTP_SOURCE_CHANGED);
}

rtp_source_verdict rtp_source_receive(rtp_source *s, const rtp_packet *packet, rtp_time now) {
  if (!is_valid(s) || packet->ssrc != s->ssrc) return prove(s, packet, now);
  s->has_candidate = false;
  switch (rtp_sequence_receive(&s->sequence, packet->sequence)) {
  case RTP_SEQUENCE_RESTARTED:
    begin(s, packet->ssrc);
    return count(s, packet, now, RTP_SOURCE_CHANGED);
  case RTP_SEQUENCE_PROBATION:
  case RTP_SEQUENCE_STRAY:
    return refuse(s, RTP_SOURCE_STRAY);
  case RTP_SEQUENCE_NEWER:
  case RTP_SEQUENCE_OLDER:
    break;
  }
  return count(s, packet, now, RTP_SOURCE_VALID);
}

void rtp_source_note_sr(rtp_source *source, const rtcp_sender_info *info, rtp_time now) {
  source->info = *info;
  source->last_sr = rtp_ntp_middle(info->ntp);
  source->last_sr_at = now;
}

/* Units of 1/65536 s, as many as the field holds. */
static uint32_t short_span(rtp_time span_ns) {
  if (span_ns <= 0) return 0;
  int64_t units = rtp_ticks(span_ns, 65536);
  return units > UINT32_MAX ? UINT32_MAX : (uint32_t)units;
}

static int32_t within24(int64_t lost) {
  if (lost > 0x7fffff) return 0x7fffff;
  return lost < -0x800000 ? -0x800000 : (int32_t)lost;
}

bool rtp_source_report(rtp_source *s, rtp_time now, rtcp_report_block *out) {
  if (!is_valid(s)) return false;
  *out = (rtcp_report_block){.ssrc = s->ssrc,
                             .fraction_lost = rtp_sequence_fraction_lost(&s->sequence),
                             .lost = within24(rtp_sequence_lost(&s->sequence)),
                             .highest = (uint32_t)s->sequence.highest,
                             .jitter = rtp_source_jitter(s),
                             .last_sr = s->last_sr};
  if (s->last_sr) out->delay = short_span(rtp_time_since(now, s->last_sr_at));
  return true;
}
