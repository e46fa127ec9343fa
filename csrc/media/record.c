/* SPDX-License-Identifier: MIT
 *
 * record and monitor: frames into the recorder's ring. One takes its turn among the
 * speaking verbs, with a beep first, and ends by a key or by silence; the other runs
 * beside them.
 */
#include "audio/mixer.h"
#include "media/recorder.h"
#include "media/world.h"

static void end(media_verb *verb, media_why why) {
  verb->result.ms = verb->recording.samples * 1000 / verb->recording.recorder->format.rate;
  media_verb_end(verb, why);
}

static void begin(media_verb *verb) {
  verb->recording.has_begun = true;
}

static void start_record(media_verb *verb) {
  media_program_start(&verb->recording.beep);
  media_digits *digits = &verb->party->digits;
  if (verb->recording.stop) media_digits_flush(digits); /* those were meant for something else */
}

static bool speak_beep(media_verb *verb, media_frame *frame) {
  if (verb->recording.has_begun) return false;
  if (media_program_read(&verb->recording.beep, frame)) return true;
  begin(verb);
  return false;
}

static bool stop_by(media_verb *verb, char digit) {
  if (!media_digit_in(verb->recording.stop, digit)) return false;
  verb->result.digits[0] = verb->result.key = digit;
  verb->result.count = 1;
  end(verb, MEDIA_WHY_STOP);
  return true;
}

/* --- Frames ----------------------------------------------------------------------- */

static void convert(media_converter *converter, const media_frame *from, media_frame *to) {
  if (from && from->samples) {
    media_convert(converter, from, to);
  } else {
    memset(to->samples, 0, to->count * sizeof *to->samples);
  }
}

/* Samples written, of all channels. */
static size_t make_frame(media_recording *recording, const media_frame *in, const media_frame *out,
                         int16_t *to) {
  int16_t other[MEDIA_FRAME_MAX];
  uint32_t rate = recording->recorder->format.rate;
  size_t count = media_frame_samples(rate);
  media_frame left = {.rate = rate, .count = count, .samples = to};
  media_frame right = {.rate = rate, .count = count, .samples = other};
  if (recording->is_paused) in = out = NULL;
  convert(&recording->converters[0], recording->what == MEDIA_WHAT_OUT ? out : in, &left);
  if (recording->what == MEDIA_WHAT_IN || recording->what == MEDIA_WHAT_OUT) return count;
  convert(&recording->converters[1], out, &right);
  if (recording->what == MEDIA_WHAT_BOTH) {
    audio_mix(to, other, count);
    return count;
  }
  for (size_t i = count; i-- > 0;) {
    to[2 * i + 1] = other[i];
    to[2 * i] = to[i];
  }
  return 2 * count;
}

/* Silence at the end, or the longest that is allowed. */
static void watch(media_verb *verb, const int16_t *samples, size_t count) {
  media_recording *recording = &verb->recording;
  uint64_t ms = recording->samples * 1000 / recording->recorder->format.rate;
  if (recording->max_ms && ms >= recording->max_ms) {
    end(verb, MEDIA_WHY_MAX);
    return;
  }
  if (!recording->silence_ms) return;
  audio_span span = audio_span_make(samples, count);
  audio_silence_event event;
  while (audio_silence_feed(&recording->detector, &span, &event)) continue;
  uint32_t silent_ms = audio_silence_ms(&recording->detector);
  if (silent_ms < recording->silence_ms) return;
  if (recording->trim) verb->result.trim_ms = silent_ms;
  end(verb, MEDIA_WHY_SILENCE);
}

static void listen(media_verb *verb, const media_frame *in, const media_frame *out) {
  media_recording *recording = &verb->recording;
  media_recorder *recorder = recording->recorder;
  if (!recording->has_begun) return;
  int16_t samples[2 * MEDIA_FRAME_MAX];
  size_t count = make_frame(recording, in, out, samples);
  bool is_broken = atomic_load_explicit(&recorder->error, memory_order_relaxed) != 0;
  if (is_broken || media_ring_space(&recorder->ring) < count) {
    end(verb, MEDIA_WHY_IO);
    return;
  }
  media_ring_put(&recorder->ring, samples, count);
  recording->samples += count / recorder->format.channels;
  watch(verb, samples, count);
}

static void ended(media_verb *verb) {
  verb->result.ms = verb->recording.samples * 1000 / verb->recording.recorder->format.rate;
}

static bool wants_in(const media_verb *verb) {
  return verb->recording.what != MEDIA_WHAT_OUT;
}

static bool wants_out(const media_verb *verb) {
  return verb->recording.what != MEDIA_WHAT_IN;
}

const media_verb_ops media_record_ops = {.start = start_record,
                                         .speak = speak_beep,
                                         .listen = listen,
                                         .digit = stop_by,
                                         .ended = ended,
                                         .wants_in = wants_in,
                                         .wants_out = wants_out};

const media_verb_ops media_monitor_ops = {
    .start = begin, .listen = listen, .ended = ended, .wants_in = wants_in, .wants_out = wants_out};
