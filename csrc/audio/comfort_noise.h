/* SPDX-License-Identifier: MIT
 *
 * Comfort noise of a CN payload (RFC 3389): a level, and reflection coefficients of the
 * all-pole filter that gives white noise its colour.
 */
#ifndef MOONSIP_AUDIO_COMFORT_NOISE_H
#define MOONSIP_AUDIO_COMFORT_NOISE_H

#include <stdbool.h>

#include "audio/sample.h"
#include "base/str.h"

enum {
  AUDIO_NOISE_ORDER_MAX = 12,  /* coefficients in use; further ones are taken as 0 (3) */
  AUDIO_NOISE_LEVEL_MAX = 127, /* -dBov (3.1) */
};

typedef struct audio_comfort_noise {
  uint32_t seed;
  float gain;   /* of the white noise before the filter, now */
  float target; /* and where it goes within some 10 ms */
  size_t order;
  float reflection[AUDIO_NOISE_ORDER_MAX];
  float delay[AUDIO_NOISE_ORDER_MAX + 1];
} audio_comfort_noise;

/* Silent until a payload comes. Equal seeds give equal noise. */
void audio_comfort_noise_init(audio_comfort_noise *noise, uint32_t seed);

/* The level and colour of a CN payload. False, and nothing changed, for an empty one. */
bool audio_comfort_noise_set(audio_comfort_noise *noise, sip_str payload);

void audio_comfort_noise_make(audio_comfort_noise *noise, int16_t *out, size_t count);

#endif
