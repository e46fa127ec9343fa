/* SPDX-License-Identifier: MIT
 *
 * What a session sends: whose turn it is says something, a digit may take its place, and
 * it becomes a packet.
 */
#include "audio/mixer.h"
#include "media/bridge.h"
#include "media/conference.h"
#include "media/stream.h"
#include "media/world.h"

enum {
  NOISE_MS = 200,   /* between comfort noise packets of one silence */
  NOISE_LEVEL = 70, /* -dBov */
};

/* --- Packets ---------------------------------------------------------------------- */

static void send_packet(media_session *session, size_t len, uint32_t payload_len) {
  media_datagram datagram = {
      .session = session, .address = session->latch.remote, .bytes = session->packet, .len = len};
  if (len == 0 || !media_world_send(session->party.world, &datagram)) {
    session->errors++;
    return;
  }
  session->bytes_out += payload_len;
}

static void send_other(media_session *session, const rtp_sender_other *other,
                       const uint8_t *payload) {
  rtp_packet packet;
  rtp_sender_other_packet(&session->sender, other, &packet);
  packet.payload = payload;
  size_t len = rtp_packet_write(&packet, session->packet, sizeof session->packet);
  send_packet(session, len, other->payload_len);
}

/* A digit in the place of the frame. */
static bool send_event(media_session *session) {
  const media_settings *settings = session->settings;
  if (!rtp_event_sender_is_busy(&session->events_out)) return false;
  if (settings->events_send == MEDIA_NO_TYPE) return false;
  uint32_t ticks = settings->events_rate / (1000 / MEDIA_FRAME_MS);
  rtp_event_payload event;
  if (!rtp_event_sender_tick(&session->events_out, session->sender.timestamp, ticks, &event)) {
    return false;
  }
  rtp_sender_other other = {.payload_type = settings->events_send,
                            .marker = event.marker,
                            .timestamp = event.timestamp,
                            .payload_len = sizeof event.bytes};
  session->packed = 0;
  session->events_count++;
  send_other(session, &other, event.bytes);
  media_relay_insert(&session->relay);
  return true;
}

/* Silence, where both sides know how to say so (RFC 3389). */
static bool send_noise(media_session *session) {
  const media_settings *settings = session->settings;
  if (settings->noise_send == MEDIA_NO_TYPE) return false;
  rtp_time now = session->party.world->now;
  if (session->is_noisy && rtp_time_since(now, session->noise_at) < NOISE_MS * RTP_MS) return true;
  const uint8_t payload[] = {NOISE_LEVEL};
  rtp_sender_other other = {.payload_type = settings->noise_send,
                            .timestamp = session->sender.timestamp,
                            .payload_len = sizeof payload};
  session->is_noisy = true;
  session->noise_at = now;
  session->packed = 0;
  send_other(session, &other, payload);
  return true;
}

/* Nothing was put into it, or nothing but zeros. */
static bool is_silence(const media_frame *frame) {
  if (frame->is_silent) return true;
  const int16_t *samples = frame->samples;
  return samples[0] == 0 && memcmp(samples, samples + 1, (frame->count - 1) * sizeof *samples) == 0;
}

/* Behind the frames that wait for their packet; the bytes that were added. */
static size_t encode(media_session *session, const media_frame *frame, uint8_t *to, size_t room) {
  const media_voice *voice = session->settings->voice;
  sip_str payload = frame->payload;
  if (payload.len == 0 && voice->silence_len > 0 && is_silence(frame)) {
    payload = sip_str_make((const char *)voice->silence, voice->silence_len);
  }
  if (payload.len == 0) {
    audio_span samples = audio_span_make(frame->samples, frame->count);
    return audio_encoder_encode(voice->encoder, samples, to, room);
  }
  if (payload.len > room) return 0;
  memcpy(to, payload.ptr, payload.len);
  return payload.len;
}

static void send_frame(media_session *session, const media_frame *frame) {
  const media_voice *voice = session->settings->voice;
  if (session->packed == 0) session->packet_len = RTP_HEADER_SIZE;
  uint8_t *to = session->packet + session->packet_len;
  size_t added = encode(session, frame, to, sizeof session->packet - session->packet_len);
  if (added == 0) {
    session->errors++;
    return;
  }
  session->packet_len = (uint16_t)(session->packet_len + added);
  if (++session->packed < session->settings->frames) return;
  uint32_t ticks = voice->clock_rate / (1000 / MEDIA_FRAME_MS) * session->packed;
  uint32_t payload_len = (uint32_t)session->packet_len - RTP_HEADER_SIZE;
  session->packed = 0;
  rtp_packet packet;
  rtp_sender_audio(&session->sender, voice->codecs[0].send, ticks, payload_len, &packet);
  packet.payload = session->packet + RTP_HEADER_SIZE;
  size_t len = rtp_packet_write(&packet, session->packet, sizeof session->packet);
  send_packet(session, len, payload_len);
}

static void send(media_session *session, const media_frame *frame, bool passes) {
  if (!session->settings->send || session->latch.remote.family == 0) return;
  if (send_event(session) || passes) return;
  if (frame->is_silent && send_noise(session)) return;
  session->is_noisy = false;
  send_frame(session, frame);
}

/* --- Frames ------------------------------------------------------------------------------------
 */

/* What is said when no verb has anything to say. */
static bool say_beside(media_session *session, media_frame *frame, bool *passes) {
  if (media_stream_speak(&session->party, frame)) return true;
  if (session->peer) return media_bridge_say(session, frame, passes);
  if (session->member) return media_member_say(session->member, frame);
  media_verb *background = session->party.background;
  return background && media_background_ops.speak(background, frame);
}

static void mix_beside(media_session *session, media_frame *frame) {
  int16_t samples[MEDIA_FRAME_MAX];
  media_frame beside = *frame;
  beside.payload = (sip_str){0};
  beside.samples = samples;
  beside.payload_does = false;
  beside.is_silent = true;
  if (!say_beside(session, &beside, NULL)) return;
  frame->payload = (sip_str){0};
  audio_mix(frame->samples, samples, frame->count);
}

void media_session_say(media_session *session, media_frame *frame) {
  bool mixes = false, passes = false;
  frame->is_silent = true;
  bool spoke = media_dtmf_fill(&session->tones, frame); /* a digit that crosses the bridge */
  if (!spoke) spoke = media_party_speak(&session->party, frame, &mixes);
  if (spoke && mixes) mix_beside(session, frame);
  if (!spoke) spoke = say_beside(session, frame, &passes);
  if (spoke && (session->mute & MEDIA_MUTE_SEND)) {
    spoke = false;
    frame->payload = (sip_str){0};
    frame->is_silent = true;
  }
  if (!spoke && !passes) memset(frame->samples, 0, frame->count * sizeof *frame->samples);
  media_bridge_set_passing(session, passes);
  send(session, frame, passes);
}
