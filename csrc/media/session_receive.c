/* SPDX-License-Identifier: MIT
 *
 * What a session receives: each datagram is told apart, must come from the peer, and is
 * an event, comfort noise or audio. Whatever it should not be is counted and dropped.
 */
#include "media/bridge.h"
#include "media/world.h"
#include "rtp/demux.h"

void media_session_take_events(media_session *session) {
  rtp_event_report report;
  while (rtp_event_receiver_next(&session->events_in, &report)) {
    char digit = rtp_event_digit(report.code);
    if (!digit) continue;
    if (report.phase == RTP_EVENT_STARTED) {
      media_session_digit(session, digit, MEDIA_DIGIT_EVENT);
    } else {
      media_session_digit_end(session, MEDIA_DIGIT_EVENT);
    }
  }
}

static void note_heard(media_session *session) {
  session->heard_at = session->party.world->now;
  if (!session->is_inactive) return;
  session->is_inactive = false;
  media_party_tell(&session->party, MEDIA_NEWS_ACTIVITY);
}

/* True when the packet is one of a source that counts. Events of another SSRC than the
 * audio's are the sender's affair (some do that), so they are not told to the source. */
static bool note_source(media_session *session, const rtp_packet *packet, bool is_event) {
  rtp_time now = session->party.world->now;
  bool is_foreign = session->source.sequence.heard && packet->ssrc != session->source.ssrc;
  if (is_event && is_foreign) return true;
  rtp_source_verdict verdict = rtp_source_receive(&session->source, packet, now);
  if (verdict == RTP_SOURCE_CHANGED) rtp_jitter_buffer_restart(&session->settings->voice->jitter);
  if (verdict == RTP_SOURCE_VALID || verdict == RTP_SOURCE_CHANGED) return true;
  session->refused.wrong_ssrc++;
  return false;
}

static void receive_event(media_session *session, const rtp_packet *packet) {
  if (!note_source(session, packet, true)) return;
  rtp_jitter_buffer_pass(&session->settings->voice->jitter, packet);
  note_heard(session);
  rtp_event_receiver_packet(&session->events_in, packet, session->party.world->now);
  media_bridge_swallow(session, packet);
  media_session_take_events(session);
}

static void receive_audio(media_session *session, const rtp_packet *packet,
                          const media_codec *codec) {
  media_voice *voice = session->settings->voice;
  if (codec && codec->codec->clock_rate != session->source.clock_rate) {
    rtp_source_set_clock_rate(&session->source, codec->codec->clock_rate);
  }
  if (!note_source(session, packet, false)) return;
  note_heard(session);
  session->bytes_in += packet->payload_len;
  if (codec) session->receiving = packet->payload_type;
  if (media_bridge_passes(session, packet) && !session->is_listening) return;
  media_voice_put(voice, packet, codec, session->party.world->now);
}

static void receive_rtp(media_session *session, const media_datagram *datagram) {
  const media_settings *settings = session->settings;
  rtp_packet packet;
  if (!rtp_packet_parse(datagram->bytes, datagram->len, &packet)) {
    session->refused.malformed++;
    return;
  }
  bool is_event = packet.payload_type == settings->events_receive;
  bool is_noise = packet.payload_type == settings->voice->noise_type;
  const media_codec *codec = media_voice_find(settings->voice, packet.payload_type);
  if (!is_event && !is_noise && !codec) {
    session->refused.wrong_type++;
    return;
  }
  rtp_latch_packet from = {.from = &datagram->address, .packet = &packet};
  rtp_latch_verdict verdict = rtp_latch_receive(&session->latch, &from, session->party.world->now);
  if (verdict == RTP_LATCH_REFUSE) {
    session->refused.strangers++;
    return;
  }
  if (verdict == RTP_LATCH_LEARNT) media_party_tell(&session->party, MEDIA_NEWS_LATCHED);
  if (is_event) {
    receive_event(session, &packet);
  } else {
    receive_audio(session, &packet, codec);
  }
}

void media_session_receive(media_session *session, const media_datagram *datagram) {
  const media_settings *settings = session->settings;
  if (!settings) return;
  rtp_protocol protocol = rtp_demux(datagram->bytes, datagram->len);
  if (protocol == RTP_PROTOCOL_RTCP && (datagram->is_rtcp || settings->rtcp_mux)) {
    media_session_receive_rtcp(session, datagram);
  } else if (protocol != RTP_PROTOCOL_RTP || datagram->is_rtcp) {
    session->refused.malformed++;
  } else if (settings->receive) {
    receive_rtp(session, datagram);
  }
}

/* --- The frame that is due -----------------------------------------------------------------------
 */

static bool is_wanted(const media_session *session) {
  if (!session->settings->receive) return false;
  return session->ear || session->settings->inband || media_party_wants_in(&session->party) ||
         media_bridge_wants_in(session);
}

static void find_digits(media_session *session) {
  const media_frame *in = &session->in;
  if (session->digits_rate != in->rate) {
    audio_dtmf_detector_init(&session->digits_in, in->rate, NULL);
    session->digits_rate = in->rate;
  }
  audio_span span = audio_span_make(in->samples, in->count);
  audio_dtmf_event event;
  while (audio_dtmf_detector_feed(&session->digits_in, &span, &event)) {
    if (event.ended) {
      media_session_digit_end(session, MEDIA_DIGIT_INBAND);
    } else {
      media_session_digit(session, event.digit, MEDIA_DIGIT_INBAND);
    }
  }
}

void media_session_hear(media_session *session) {
  media_voice *voice = session->settings->voice;
  session->is_listening = is_wanted(session);
  if (!session->is_listening) {
    session->in = (media_frame){0};
    media_voice_rest(voice);
    return;
  }
  media_voice_pull(voice, session->party.world->now, &session->in);
  if (session->settings->inband) find_digits(session);
  if (session->mute & MEDIA_MUTE_RECEIVE) {
    memset(session->in.samples, 0, session->in.count * sizeof *session->in.samples);
  }
}
