/* SPDX-License-Identifier: MIT
 *
 * The text form of a tone: read, it is within its bounds, and played at some rate it ends
 * when its length says; else the error says where.
 */
#include "audio/tone_generator.h"
#include "fuzz.h"

enum { RATE = 8000, FRAME = 160, FRAMES_MAX = 500 };

static void holds_bounds(const audio_tone *tone) {
  HOLDS(tone->count >= 1 && tone->count <= AUDIO_TONE_PARTS_MAX);
  HOLDS(tone->level >= -60 && tone->level <= 3 && tone->repeat <= AUDIO_TONE_REPEAT_MAX);
  for (size_t i = 0; i < tone->count; i++) {
    HOLDS(tone->parts[i].ms <= AUDIO_TONE_MS_MAX);
    for (int n = 0; n < AUDIO_TONE_PITCHES; n++) {
      HOLDS(tone->parts[i].hz[n] <= AUDIO_TONE_HZ_MAX);
      HOLDS(tone->parts[i].hz[n] == 0 || n == 0 || tone->parts[i].hz[n - 1] > 0);
    }
  }
}

static void play(const audio_tone *tone) {
  audio_tone_generator g;
  int16_t out[FRAME];
  audio_tone_generator_init(&g, tone, RATE);
  uint64_t length = audio_tone_length(tone) * RATE / 1000, made = 0;
  size_t count = FRAME;
  for (int i = 0; i < FRAMES_MAX && count == FRAME; i++) {
    count = audio_tone_generator_make(&g, out, FRAME);
    made += count;
  }
  HOLDS(count == FRAME || (length > 0 && made == length));
  HOLDS(length == 0 || made <= length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  sip_str text = exact_copy(sip_str_make((const char *)data, size));
  audio_tone tone;
  audio_tone_error error;
  if (audio_tone_parse(text, &tone, &error)) {
    holds_bounds(&tone);
    play(&tone);
  } else {
    HOLDS(error.what && error.at <= text.len);
  }
  free_copy(text);
  return 0;
}
