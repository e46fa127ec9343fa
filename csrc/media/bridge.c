/* SPDX-License-Identifier: MIT
 *
 * Each direction decides by itself, at each frame, whether packets pass. A digit that the
 * audio itself carries crosses with the audio; any other is made anew for the other side,
 * for as long as the key is held.
 */
#include "media/bridge.h"

#include "media/conference.h"
#include "media/world.h"

enum {
  DIGIT_MS_MAX = 8000, /* a key that nobody lets go */
  DIGIT_MS_MIN = 40,   /* what every detector hears */
  TONE_MS = 100,
  TONE_LEVEL = 10 /* -dBm0 */
};

void media_bridge(media_session *a, media_session *b, uint32_t flags) {
  media_leave(a);
  media_leave(b);
  a->peer = b;
  b->peer = a;
  a->bridge_flags = b->bridge_flags = flags;
}

static void part(media_session *session) {
  media_bridge_set_passing(session, false);
  session->peer = NULL;
  session->bridge_flags = 0;
  if (session->relays_digit) rtp_event_sender_stop(&session->events_out);
  session->relays_digit = false;
}

void media_leave(media_session *session) {
  if (session->member) media_leave_conference(session);
  if (!session->peer) return;
  part(session->peer);
  part(session);
}

/* --- Packets -----------------------------------------------------------------------------------
 */

/* The codec of `to` that is the one `from` is received with; NULL: none. */
static const media_codec *common_codec(const media_session *from, const media_session *to,
                                       uint8_t payload_type) {
  const media_codec *theirs = media_voice_find(from->settings->voice, payload_type);
  if (!theirs) return NULL;
  const media_voice *voice = to->settings->voice;
  for (size_t i = 0; i < voice->count; i++) {
    const media_codec *ours = &voice->codecs[i];
    if (ours->codec == theirs->codec && ours->send != MEDIA_NO_TYPE) return ours;
  }
  return NULL;
}

/* Whether the packets of the peer may go to `session` as they are. */
static bool may_pass(const media_session *session) {
  const media_session *peer = session->peer;
  if (session->bridge_flags & MEDIA_BRIDGE_TRANSCODE) return false;
  if (!peer->settings || session->mute & MEDIA_MUTE_SEND) return false;
  if (peer->mute & MEDIA_MUTE_RECEIVE || peer->settings->inband) return false;
  if (peer->receiving == MEDIA_NO_TYPE) {
    return peer->settings->voice->codecs[0].codec == session->settings->voice->codecs[0].codec;
  }
  return common_codec(peer, session, peer->receiving) != NULL;
}

void media_bridge_set_passing(media_session *session, bool passes) {
  if (session->relay.is_on == passes) return;
  if (passes) {
    media_relay_start(&session->relay);
    session->packed = 0;
    return;
  }
  media_relay_rejoin(&session->relay, &session->sender);
  media_relay_stop(&session->relay);
}

void media_bridge_swallow(media_session *session, const rtp_packet *packet) {
  if (session->peer && session->peer->relay.is_on) {
    media_relay_swallow(&session->peer->relay, packet);
  }
}

static bool send_on(media_session *to, rtp_packet *packet, uint32_t ticks) {
  if (!media_relay_pass(&to->relay, &to->sender, ticks, packet)) return true;
  to->sender.sent_at = to->party.world->now;
  uint8_t bytes[MEDIA_PACKET_MAX];
  media_datagram datagram = {.session = to, .address = to->latch.remote, .bytes = bytes};
  datagram.len = rtp_packet_write(packet, bytes, sizeof bytes);
  bool sent = datagram.len > 0 && media_world_send(to->party.world, &datagram);
  if (sent) to->bytes_out += packet->payload_len;
  if (!sent) to->errors++;
  return true;
}

bool media_bridge_passes(media_session *session, const rtp_packet *packet) {
  media_session *to = session->peer;
  if (!to || !to->relay.is_on) return false;
  const media_settings *settings = to->settings;
  bool is_noise = packet->payload_type == session->settings->voice->noise_type;
  const media_codec *codec = is_noise ? NULL : common_codec(session, to, packet->payload_type);
  uint8_t type = codec ? codec->send : settings->noise_send;
  bool can_send = settings->send && to->latch.remote.family != 0;
  bool is_busy = rtp_event_sender_is_busy(&to->events_out); /* a digit stands in its place */
  if ((!codec && !is_noise) || type == MEDIA_NO_TYPE || !can_send || is_busy) {
    media_relay_swallow(&to->relay, packet);
    return false;
  }
  sip_str payload = sip_str_make((const char *)packet->payload, packet->payload_len);
  uint32_t ticks = codec ? audio_codec_duration(codec->codec, payload) : 0;
  rtp_packet ours = *packet;
  ours.payload_type = type;
  return send_on(to, &ours, ticks);
}

/* --- Frames ----------------------------------------------------------------------- */

bool media_bridge_wants_in(const media_session *session) {
  if (session->member) return true;
  const media_session *peer = session->peer;
  if (!peer || !peer->settings) return false;
  return !peer->relay.is_on || media_party_wants_out(&peer->party);
}

bool media_bridge_say(media_session *session, media_frame *frame, bool *passes) {
  media_session *peer = session->peer;
  bool can_pass = passes && may_pass(session);
  if (can_pass) *passes = true;
  if (!peer->in.samples) {
    if (can_pass) memset(frame->samples, 0, frame->count * sizeof *frame->samples);
    return false;
  }
  media_convert(&session->converter, &peer->in, frame);
  return !can_pass;
}

/* --- Digits ----------------------------------------------------------------------- */

/* The audio is all that the other side takes. */
static void add_tone(media_dtmf *tones, char digit) {
  if (!tones->has_tone && !tones->digits[tones->at]) {
    *tones = (media_dtmf){.on_ms = TONE_MS, .gap_ms = TONE_MS, .volume = TONE_LEVEL};
  }
  size_t len = strlen(tones->digits);
  if (len < MEDIA_DTMF_MAX) tones->digits[len] = digit;
}

static void push_event(media_session *to, char digit) {
  uint32_t rate = to->settings->events_rate;
  rtp_event_order order = rtp_event_order_default((uint8_t)rtp_event_of_digit(digit), rate);
  order.duration = rate / 1000 * DIGIT_MS_MAX;
  to->relays_digit = rtp_event_sender_push(&to->events_out, &order);
}

void media_bridge_digit(media_session *session, char digit, media_digit_way way) {
  media_session *to = session->peer;
  if (!to || !to->settings || !(session->bridge_flags & MEDIA_BRIDGE_DIGITS)) return;
  if (way == MEDIA_DIGIT_INBAND) return; /* the audio has it */
  if (media_session_sends_events(to)) {
    push_event(to, digit);
  } else {
    add_tone(&to->tones, digit);
  }
}

void media_bridge_digit_end(media_session *session) {
  media_session *to = session->peer;
  if (!to || !to->relays_digit) return;
  to->relays_digit = false;
  rtp_event_sender_shorten(&to->events_out, to->settings->events_rate / 1000 * DIGIT_MS_MIN);
}
