/* SPDX-License-Identifier: MIT
 *
 * One multiplication a sample, rounded and saturated.
 */
#include "audio/gain.h"

#include <math.h>

audio_gain audio_gain_of_db(double db) {
  if (db < AUDIO_GAIN_DB_MIN) return 0;
  if (db > AUDIO_GAIN_DB_MAX) db = AUDIO_GAIN_DB_MAX;
  return (audio_gain)(AUDIO_GAIN_UNITY * exp(db / 20 * log(10)) + 0.5);
}

void audio_gain_apply(audio_gain gain, int16_t *samples, size_t count) {
  if (gain == AUDIO_GAIN_UNITY) return;
  for (size_t i = 0; i < count; i++) {
    int64_t value = ((int64_t)samples[i] * gain + AUDIO_GAIN_UNITY / 2) >> 16;
    samples[i] = audio_saturate((int32_t)value);
  }
}
