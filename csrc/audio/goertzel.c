/* SPDX-License-Identifier: MIT
 *
 * s = sample + 2 cos(w) s1 - s2 for eight frequencies side by side.
 */
#include "audio/goertzel.h"

#include <math.h>
#include <string.h>

static const double TURN = 6.283185307179586;

void audio_goertzel_init(audio_goertzel *goertzel, const double hz[AUDIO_GOERTZEL_BANDS],
                         uint32_t rate) {
  *goertzel = (audio_goertzel){0};
  for (int i = 0; i < AUDIO_GOERTZEL_BANDS; i++) {
    goertzel->factor[i] = (float)(2 * cos(TURN * hz[i] / rate));
  }
}

void audio_goertzel_feed(audio_goertzel *goertzel, audio_span in) {
  float s1[AUDIO_GOERTZEL_BANDS], s2[AUDIO_GOERTZEL_BANDS];
  memcpy(s1, goertzel->s1, sizeof s1);
  memcpy(s2, goertzel->s2, sizeof s2);
  float energy = goertzel->energy;
  for (size_t n = 0; n < in.len; n++) {
    float sample = in.ptr[n];
    energy += sample * sample;
    for (int i = 0; i < AUDIO_GOERTZEL_BANDS; i++) {
      float s = sample + goertzel->factor[i] * s1[i] - s2[i];
      s2[i] = s1[i];
      s1[i] = s;
    }
  }
  memcpy(goertzel->s1, s1, sizeof s1);
  memcpy(goertzel->s2, s2, sizeof s2);
  goertzel->energy = energy;
}

float audio_goertzel_take(audio_goertzel *goertzel, float power[AUDIO_GOERTZEL_BANDS]) {
  for (int i = 0; i < AUDIO_GOERTZEL_BANDS; i++) {
    float s1 = goertzel->s1[i], s2 = goertzel->s2[i];
    power[i] = s1 * s1 + s2 * s2 - goertzel->factor[i] * s1 * s2;
  }
  float energy = goertzel->energy;
  memset(goertzel->s1, 0, sizeof goertzel->s1);
  memset(goertzel->s2, 0, sizeof goertzel->s2);
  goertzel->energy = 0;
  return energy;
}
