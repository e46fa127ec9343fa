/* SPDX-License-Identifier: MIT
 *
 * One sum for all; each listener's mix is that sum without his own part.
 */
#include "audio/mixer.h"

#include <string.h>

void audio_mixer_begin(audio_mixer *mixer, size_t count) {
  mixer->count = count < AUDIO_FRAME_MAX ? count : AUDIO_FRAME_MAX;
  mixer->speakers = 0;
  memset(mixer->sum, 0, mixer->count * sizeof *mixer->sum);
}

void audio_mixer_add(audio_mixer *mixer, const int16_t *samples) {
  mixer->speakers++;
  for (size_t i = 0; i < mixer->count; i++) mixer->sum[i] += samples[i];
}

static void take_all(const audio_mixer *mixer, int16_t *out) {
  for (size_t i = 0; i < mixer->count; i++) out[i] = audio_saturate(mixer->sum[i]);
}

static void take_without(const audio_mixer *mixer, const int16_t *own, int16_t *out) {
  for (size_t i = 0; i < mixer->count; i++) out[i] = audio_saturate(mixer->sum[i] - own[i]);
}

static void take_whisper(const audio_mixer *mixer, const int16_t *own, const int16_t *whisper,
                         int16_t *out) {
  for (size_t i = 0; i < mixer->count; i++) {
    out[i] = audio_saturate(mixer->sum[i] - (own ? own[i] : 0) + whisper[i]);
  }
}

void audio_mixer_take(const audio_mixer *mixer, const int16_t *own, const int16_t *whisper,
                      int16_t *out) {
  if (whisper) {
    take_whisper(mixer, own, whisper, out);
  } else if (own) {
    take_without(mixer, own, out);
  } else {
    take_all(mixer, out);
  }
}

void audio_mix(int16_t *into, const int16_t *from, size_t count) {
  for (size_t i = 0; i < count; i++) into[i] = audio_saturate(into[i] + from[i]);
}
