/* SPDX-License-Identifier: MIT
 *
 * dtmf: digits sent, as telephone events when both sides agreed on them (RFC 4733),
 * else as tones in the audio.
 */
#include "media/session.h"
#include "media/world.h"

enum { SHORT_PAUSE_MS = 500, LONG_PAUSE_MS = 1000 };

static uint32_t pause_ms(char digit) {
  if (digit == 'w' || digit == ',') return SHORT_PAUSE_MS;
  return digit == 'W' ? LONG_PAUSE_MS : 0;
}

static bool push_event(media_session *session, const media_dtmf *dtmf, char digit) {
  uint32_t per_ms = session->settings->events_rate / 1000;
  uint32_t pause = pause_ms(digit) * per_ms;
  rtp_event_order order = {.pause = pause > 0,
                           .code = (uint8_t)rtp_event_of_digit(digit),
                           .volume = dtmf->volume,
                           .duration = pause ? pause : dtmf->on_ms * per_ms,
                           .gap = pause ? 0 : dtmf->gap_ms * per_ms};
  if (order.pause) order.code = 0;
  return rtp_event_sender_push(&session->events_out, &order);
}

static void start(media_verb *verb) {
  media_dtmf *dtmf = &verb->dtmf;
  media_session *session = media_session_of(verb->party);
  bool negotiated = session && media_session_sends_events(session);
  dtmf->as_events = dtmf->how != MEDIA_DTMF_INBAND && negotiated;
  if (dtmf->how == MEDIA_DTMF_EVENTS && !negotiated) {
    media_verb_end(verb, MEDIA_WHY_FAILED);
    return;
  }
  if (!dtmf->as_events) return;
  rtp_event_sender_init(&session->events_out);
  while (dtmf->digits[dtmf->at] && push_event(session, dtmf, dtmf->digits[dtmf->at])) dtmf->at++;
}

static void open_tone(media_dtmf *dtmf, uint32_t rate) {
  char digit = dtmf->digits[dtmf->at++];
  audio_tone tone;
  uint32_t pause = pause_ms(digit);
  if (pause) {
    tone = (audio_tone){.count = 1, .parts = {{.once = true, .ms = pause}}};
  } else {
    audio_tone_of_digit(digit, dtmf->on_ms, dtmf->gap_ms, &tone);
    tone.level = (int8_t)-dtmf->volume;
  }
  audio_tone_generator_init(&dtmf->generator, &tone, rate);
  dtmf->has_tone = true;
}

bool media_dtmf_fill(media_dtmf *dtmf, media_frame *frame) {
  size_t filled = 0;
  while (filled < frame->count && (dtmf->has_tone || dtmf->digits[dtmf->at])) {
    if (!dtmf->has_tone) open_tone(dtmf, frame->rate);
    filled +=
        audio_tone_generator_make(&dtmf->generator, frame->samples + filled, frame->count - filled);
    if (filled < frame->count) dtmf->has_tone = false;
  }
  if (filled == 0) return false;
  memset(frame->samples + filled, 0, (frame->count - filled) * sizeof *frame->samples);
  frame->is_silent = false;
  return true;
}

static bool speak_tones(media_verb *verb, media_frame *frame) {
  if (media_dtmf_fill(&verb->dtmf, frame)) return true;
  media_verb_end(verb, MEDIA_WHY_DONE);
  return false;
}

static bool speak(media_verb *verb, media_frame *frame) {
  if (!verb->dtmf.as_events) return speak_tones(verb, frame);
  media_session *session = media_session_of(verb->party);
  if (!rtp_event_sender_is_busy(&session->events_out)) media_verb_end(verb, MEDIA_WHY_DONE);
  return false; /* the session puts the events in the place of the frame */
}

static void ended(media_verb *verb) {
  verb->result.ms = media_verb_ms(verb);
  if (!verb->dtmf.as_events || verb->why == MEDIA_WHY_DONE) return;
  rtp_event_sender_stop(&media_session_of(verb->party)->events_out);
}

const media_verb_ops media_dtmf_ops = {.start = start, .speak = speak, .ended = ended};
