/* SPDX-License-Identifier: MIT
 *
 * The samples of a tone.
 */
#ifndef MOONSIP_AUDIO_TONE_GENERATOR_H
#define MOONSIP_AUDIO_TONE_GENERATOR_H

#include "audio/sample.h"
#include "audio/tone.h"

typedef struct audio_tone_generator {
  audio_tone tone;
  uint32_t rate;
  int32_t amplitude; /* of each frequency */
  uint32_t round;    /* how often the parts were played */
  uint8_t part;
  bool ended;
  uint64_t left; /* samples of this part; UINT64_MAX: it never ends */
  uint32_t phase[AUDIO_TONE_PITCHES];
  uint32_t step[AUDIO_TONE_PITCHES];
} audio_tone_generator;

/* A frequency of half the rate or more is silent. */
void audio_tone_generator_init(audio_tone_generator *generator, const audio_tone *tone,
                               uint32_t rate);

/* Samples written: `count`, or fewer when the tone ends, then 0. */
size_t audio_tone_generator_make(audio_tone_generator *generator, int16_t *out, size_t count);

#endif
