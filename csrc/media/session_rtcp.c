/* SPDX-License-Identifier: MIT
 *
 * RTCP of a session (RFC 3550 6): reports at the times of its schedule, and those of the
 * peer. And the figures that a script sees.
 */
#include "media/world.h"
#include "rtp/rtcp_report.h"

enum { RTCP_ROOM = 512 };

static uint64_t ntp_now(const media_world *world) {
  return rtp_ntp_from_unix(world->now + world->wall_offset);
}

/* --- Sending ---------------------------------------------------------------------- */

static bool find_address(const media_session *session, sip_sockaddr *out) {
  const media_settings *settings = session->settings;
  const rtp_latch *latch = &session->latch;
  if (latch->remote.family == 0) return false;
  *out = latch->remote;
  if (settings->rtcp_mux) return true;
  if (settings->remote_rtcp.family != 0 && !latch->learnt) {
    *out = settings->remote_rtcp;
    return true;
  }
  uint16_t port = out->port;
  if (settings->remote_rtcp.family != 0 && sip_sockaddr_equal(&latch->remote, &settings->remote)) {
    *out = settings->remote_rtcp;
    return true;
  }
  if (port == UINT16_MAX) return false;
  out->port = (uint16_t)(port + 1);
  return true;
}

static size_t write_report(media_session *session, bool bye, uint8_t *out, size_t room) {
  media_world *world = session->party.world;
  rtcp_sender_info info;
  rtcp_report_block block;
  rtp_time since = rtp_time_since(session->schedule.last_at, 2 * session->schedule.minimum_ns);
  bool sends =
      session->sender.sent_at != RTP_TIME_NEVER && rtp_sender_is_active(&session->sender, since);
  if (sends) rtp_sender_info(&session->sender, world->now, ntp_now(world), &info);
  bool hears = rtp_source_report(&session->source, world->now, &block);
  rtcp_report report = {.ssrc = session->sender.ssrc,
                        .sender = sends ? &info : NULL,
                        .blocks = &block,
                        .block_count = hears ? 1 : 0,
                        .cname = sip_str_make(session->cname, sizeof session->cname),
                        .bye = bye};
  session->schedule.we_sent = sends;
  session->schedule.senders = (uint32_t)sends + (uint32_t)hears;
  session->schedule.members = hears ? 2 : 1;
  return rtcp_report_write(&report, out, room);
}

void media_session_report(media_session *session, bool bye) {
  media_world *world = session->party.world;
  uint32_t random = (uint32_t)sip_random_number(&world->random);
  if (!session->settings || !session->has_sender) return;
  if (!bye && !rtcp_schedule_due(&session->schedule, world->now, random)) return;
  uint8_t bytes[RTCP_ROOM];
  media_datagram datagram = {
      .session = session, .is_rtcp = !session->settings->rtcp_mux, .bytes = bytes};
  bool knows = find_address(session, &datagram.address);
  datagram.len = knows ? write_report(session, bye, bytes, sizeof bytes) : 0;
  if (datagram.len > 0) {
    bool sent = media_world_send(world, &datagram);
    if (sent) session->reports_out++;
    if (!sent) session->errors++;
  }
  rtcp_schedule_sent(&session->schedule, datagram.len, world->now, random);
}

/* --- Receiving -------------------------------------------------------------------- */

static void take_packet(media_session *session, const rtcp_packet *packet) {
  media_world *world = session->party.world;
  rtcp_sender_info info;
  rtcp_report_block block;
  if (rtcp_packet_sender_info(packet, &info) &&
      rtcp_packet_sender(packet) == session->source.ssrc) {
    rtp_source_note_sr(&session->source, &info, world->now);
  }
  if (rtcp_packet_report_on(packet, session->sender.ssrc, &block)) {
    rtp_sender_note_report(&session->sender, &block, ntp_now(world));
  }
  sip_str why;
  if (!session->has_left && rtcp_packet_leaves(packet, session->source.ssrc, &why)) {
    session->has_left = true;
    media_party_tell(&session->party, MEDIA_NEWS_BYE);
  }
}

void media_session_receive_rtcp(media_session *session, const media_datagram *datagram) {
  rtcp_compound compound;
  rtcp_packet packet;
  if (!rtp_latch_accepts_rtcp(&session->latch, &datagram->address, false)) {
    session->refused.strangers++;
    return;
  }
  if (!rtcp_compound_parse(datagram->bytes, datagram->len, false, &compound)) {
    session->refused.malformed++;
    return;
  }
  session->reports_in++;
  rtcp_schedule_received(&session->schedule, datagram->len);
  while (rtcp_compound_next(&compound, &packet)) take_packet(session, &packet);
}

/* --- Figures ---------------------------------------------------------------------- */

static uint64_t to_us(uint64_t ticks, uint32_t rate) {
  return rate ? ticks * 1000000 / rate : 0;
}

static void add_received(const media_session *session, media_stats *stats) {
  const rtp_sequence *sequence = &session->source.sequence;
  const media_refused *refused = &session->refused;
  int64_t lost = sequence->heard ? rtp_sequence_lost(sequence) : 0;
  stats->packets = sequence->received;
  stats->bytes = session->bytes_in;
  stats->lost = lost > 0 ? (uint64_t)lost : 0;
  stats->digits = session->digits_count;
  stats->strangers = refused->strangers;
  stats->wrong_type = refused->wrong_type;
  stats->malformed = refused->malformed + session->events_in.malformed;
  stats->wrong_ssrc = refused->wrong_ssrc;
  stats->floods = session->latch.floods;
  stats->jitter_us = to_us(rtp_source_jitter(&session->source), session->source.clock_rate);
  stats->remote_ssrc = session->source.ssrc;
}

static void add_buffer(const media_session *session, media_stats *stats) {
  if (!session->settings) return;
  const rtp_jitter_buffer *jitter = &session->settings->voice->jitter;
  stats->late = jitter->stats.late;
  stats->duplicates = jitter->stats.duplicate;
  stats->reordered = jitter->stats.reordered;
  stats->discarded = jitter->stats.overflow + jitter->stats.early;
  stats->concealed_ms = to_us(jitter->stats.concealed, jitter->clock_rate) / 1000;
  stats->buffer_us = to_us((uint64_t)rtp_jitter_buffer_target(jitter), jitter->clock_rate);
}

void media_session_stats(const media_session *session, media_stats *stats) {
  const rtp_sender *sender = &session->sender;
  *stats = (media_stats){.sent_packets = sender->packets,
                         .sent_bytes = session->bytes_out,
                         .sent_events = session->events_count,
                         .sent_errors = session->errors,
                         .reports_sent = session->reports_out,
                         .reports_received = session->reports_in,
                         .ssrc = sender->ssrc,
                         .round_trip_us = session->has_sender && sender->round_trip_ns >= 0
                                              ? sender->round_trip_ns / 1000
                                              : -1,
                         .receiving = session->receiving,
                         .latched = session->latch.learnt,
                         .remote = session->latch.remote};
  stats->ms = (uint64_t)(rtp_time_since(session->party.world->now, session->opened_at) / RTP_MS);
  if (session->has_sender && sender->heard.ssrc != 0) {
    stats->remote_lost = sender->heard.lost > 0 ? (uint64_t)sender->heard.lost : 0;
    stats->remote_jitter_us = to_us(sender->heard.jitter, sender->clock_rate);
  }
  add_received(session, stats);
  add_buffer(session, stats);
}
