/* SPDX-License-Identifier: MIT
 *
 * How much of one frequency is in a block of samples (Goertzel's algorithm).
 */
#ifndef MOONSIP_AUDIO_GOERTZEL_H
#define MOONSIP_AUDIO_GOERTZEL_H

#include "audio/sample.h"

typedef struct audio_goertzel {
  float factor; /* 2 cos(2 pi f / rate) */
  float s1, s2;
} audio_goertzel;

void audio_goertzel_init(audio_goertzel *goertzel, double frequency, uint32_t rate);

static inline void audio_goertzel_feed(audio_goertzel *goertzel, float sample) {
  float s = sample + goertzel->factor * goertzel->s1 - goertzel->s2;
  goertzel->s2 = goertzel->s1;
  goertzel->s1 = s;
}

/* Squared magnitude of what was fed since the last time, and starts again. A sine of
 * amplitude A over N samples gives (A N / 2)^2. */
float audio_goertzel_take(audio_goertzel *goertzel);

#endif
