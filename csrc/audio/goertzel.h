/* SPDX-License-Identifier: MIT
 *
 * How much of each of eight frequencies is in a block of samples (Goertzel's algorithm,
 * eight at a time because that is how many a register or two hold).
 */
#ifndef MOONSIP_AUDIO_GOERTZEL_H
#define MOONSIP_AUDIO_GOERTZEL_H

#include "audio/sample.h"

enum { AUDIO_GOERTZEL_BANDS = 8 };

typedef struct audio_goertzel {
  float factor[AUDIO_GOERTZEL_BANDS]; /* 2 cos(2 pi f / rate) */
  float s1[AUDIO_GOERTZEL_BANDS], s2[AUDIO_GOERTZEL_BANDS];
  float energy; /* sum of the squares of the samples */
} audio_goertzel;

void audio_goertzel_init(audio_goertzel *goertzel, const double hz[AUDIO_GOERTZEL_BANDS],
                         uint32_t rate);

void audio_goertzel_feed(audio_goertzel *goertzel, audio_span in);

/* Squared magnitudes of what was fed since the last time, and its energy; starts again.
 * A sine of amplitude A over N samples gives (A N / 2)^2 and A^2 N / 2. */
float audio_goertzel_take(audio_goertzel *goertzel, float power[AUDIO_GOERTZEL_BANDS]);

#endif
