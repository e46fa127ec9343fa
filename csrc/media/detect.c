/* SPDX-License-Identifier: MIT
 *
 * detect: who or what is at the other end, from what is heard.
 */
#include "media/party.h"
#include "media/world.h"

static void found(media_verb *verb, media_why why) {
  media_detect *detect = &verb->detect;
  if (!detect->report) {
    verb->result.ms = detect->heard_ms;
    media_verb_end(verb, why);
    return;
  }
  detect->heard = why;
  detect->heard_at_ms = detect->heard_ms;
  media_verb_tell(verb, MEDIA_VERB_HEARD);
}

static void prepare(media_detect *detect, uint32_t rate) {
  if (detect->rate == rate) return;
  detect->rate = rate;
  if (detect->amd) audio_answering_init(&detect->answering, rate, &detect->answering_settings);
  audio_tone_settings tones = {.ignore_beeps = !detect->beep};
  audio_tone_detector_init(&detect->tones, rate, &tones);
  if (detect->tone) audio_progress_detector_init(&detect->progress, rate);
  audio_silence_settings silence = {.threshold = detect->threshold};
  audio_silence_init(&detect->silence, rate, &silence);
}

static void find_answerer(media_verb *verb, audio_span in) {
  media_detect *detect = &verb->detect;
  if (!detect->amd || detect->told_answer || !audio_answering_feed(&detect->answering, in)) return;
  detect->told_answer = true;
  switch (detect->answering.answerer) {
  case AUDIO_ANSWERER_HUMAN:
    found(verb, MEDIA_WHY_HUMAN);
    break;
  case AUDIO_ANSWERER_MACHINE:
    found(verb, MEDIA_WHY_MACHINE);
    break;
  case AUDIO_ANSWERER_UNKNOWN:
    found(verb, MEDIA_WHY_NOTSURE);
    break;
  }
}

static void find_tones(media_verb *verb, audio_span in) {
  media_detect *detect = &verb->detect;
  if (!detect->beep && !detect->fax) return;
  audio_tone_event event;
  while (verb->why == MEDIA_WHY_NONE && audio_tone_detector_feed(&detect->tones, &in, &event)) {
    bool is_fax = event.kind != AUDIO_TONE_BEEP;
    if (is_fax && detect->fax) found(verb, MEDIA_WHY_FAX);
    if (!is_fax && detect->beep) found(verb, MEDIA_WHY_BEEP);
  }
}

/* What an exchange says by its tones. */
static void find_progress(media_verb *verb, audio_span in) {
  static const media_why whys[] = {[AUDIO_PROGRESS_DIAL] = MEDIA_WHY_DIAL,
                                   [AUDIO_PROGRESS_RINGBACK] = MEDIA_WHY_RINGBACK,
                                   [AUDIO_PROGRESS_BUSY] = MEDIA_WHY_BUSY,
                                   [AUDIO_PROGRESS_CONGESTION] = MEDIA_WHY_CONGESTION};
  media_detect *detect = &verb->detect;
  if (!detect->tone) return;
  audio_progress_event event;
  while (verb->why == MEDIA_WHY_NONE &&
         audio_progress_detector_feed(&detect->progress, &in, &event)) {
    found(verb, whys[event.what]);
  }
}

static void find_silence(media_verb *verb, audio_span in) {
  media_detect *detect = &verb->detect;
  if (!detect->silence_ms && !detect->speech_ms) return;
  audio_silence_event event;
  while (audio_silence_feed(&detect->silence, &in, &event)) continue;
  bool is_silent = detect->silence_ms && audio_silence_ms(&detect->silence) >= detect->silence_ms;
  bool is_speech = detect->speech_ms && audio_speech_ms(&detect->silence) >= detect->speech_ms;
  if (is_silent && !detect->told_silence) found(verb, MEDIA_WHY_SILENCE);
  detect->told_silence = is_silent;
  if (verb->why != MEDIA_WHY_NONE) return;
  if (is_speech && !detect->told_speech) found(verb, MEDIA_WHY_SPEECH);
  detect->told_speech = is_speech;
}

static void listen(media_verb *verb, const media_frame *in, const media_frame *out) {
  (void)out;
  media_detect *detect = &verb->detect;
  detect->heard_ms += MEDIA_FRAME_MS;
  if (in && in->samples) {
    prepare(detect, in->rate);
    audio_span span = audio_span_make(in->samples, in->count);
    find_tones(verb, span);
    if (verb->why == MEDIA_WHY_NONE) find_progress(verb, span);
    if (verb->why == MEDIA_WHY_NONE) find_answerer(verb, span);
    if (verb->why == MEDIA_WHY_NONE) find_silence(verb, span);
  }
  if (verb->why != MEDIA_WHY_NONE) return;
  if (detect->max_ms && detect->heard_ms >= detect->max_ms) {
    verb->result.ms = detect->heard_ms;
    media_verb_end(verb, MEDIA_WHY_MAX);
  }
}

static bool wants_in(const media_verb *verb) {
  (void)verb;
  return true;
}

const media_verb_ops media_detect_ops = {.listen = listen, .wants_in = wants_in};
