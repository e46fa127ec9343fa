/* SPDX-License-Identifier: MIT
 *
 * timestamp = first_timestamp + ticks of the clock since start_at
 */
#include "rtp/sender.h"

void rtp_sender_init(rtp_sender *sender, const rtp_sender_config *config) {
  *sender = (rtp_sender){.ssrc = config->ssrc,
                         .clock_rate = config->clock_rate,
                         .first_timestamp = config->first_timestamp,
                         .start_at = config->start_at,
                         .timestamp = config->first_timestamp,
                         .sequence = config->first_sequence,
                         .sent_at = RTP_TIME_NEVER,
                         .scheduled_at = config->start_at,
                         .round_trip_ns = -1};
}

uint32_t rtp_sender_timestamp_at(const rtp_sender *sender, rtp_time now) {
  int64_t ticks = rtp_ticks(rtp_time_since(now, sender->start_at), sender->clock_rate);
  return sender->first_timestamp + (uint32_t)ticks;
}

void rtp_sender_tick(rtp_sender *sender, rtp_time scheduled_at) {
  sender->scheduled_at = scheduled_at;
  sender->timestamp = rtp_sender_timestamp_at(sender, scheduled_at);
}

static void send(rtp_sender *s, uint32_t payload_len, rtp_packet *out) {
  out->ssrc = s->ssrc;
  out->sequence = s->sequence++;
  out->payload_len = payload_len;
  s->packets++;
  s->octets += payload_len;
  s->sent_at = s->scheduled_at;
}

void rtp_sender_audio(rtp_sender *sender, uint8_t payload_type, uint32_t ticks,
                      uint32_t payload_len, rtp_packet *out) {
  /* A clock rate that no whole number of ticks fits rounds by one. */
  int32_t gap = rtp_timestamp_ahead(sender->timestamp, sender->next_timestamp);
  bool continues = sender->talking && gap >= -1 && gap <= 1;
  *out = (rtp_packet){
      .payload_type = payload_type, .marker = !continues, .timestamp = sender->timestamp};
  send(sender, payload_len, out);
  sender->next_timestamp = sender->timestamp + ticks;
  sender->talking = true;
}

void rtp_sender_other_packet(rtp_sender *sender, const rtp_sender_other *other, rtp_packet *out) {
  *out = (rtp_packet){
      .payload_type = other->payload_type, .marker = other->marker, .timestamp = other->timestamp};
  send(sender, other->payload_len, out);
}

bool rtp_sender_is_active(const rtp_sender *sender, rtp_time since) {
  return sender->sent_at != RTP_TIME_NEVER && sender->sent_at >= since;
}

void rtp_sender_info(const rtp_sender *sender, rtp_time now, uint64_t ntp, rtcp_sender_info *out) {
  *out = (rtcp_sender_info){ntp, rtp_sender_timestamp_at(sender, now), sender->packets,
                            sender->octets};
}

void rtp_sender_note_report(rtp_sender *sender, const rtcp_report_block *block, uint64_t ntp) {
  if (block->ssrc != sender->ssrc) return;
  sender->heard = *block;
  if (block->last_sr == 0) return;
  /* Of two clocks that count in steps the difference may be a step below zero. */
  int32_t units = (int32_t)(rtp_ntp_middle(ntp) - block->last_sr - block->delay);
  sender->round_trip_ns = units > 0 ? rtp_span(units, 65536) : 0;
}
