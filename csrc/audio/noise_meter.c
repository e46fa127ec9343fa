/* SPDX-License-Identifier: MIT
 *
 * The autocorrelation of silent frames, smoothed; Levinson and Durbin's recursion turns
 * it into reflection coefficients.
 */
#include "audio/noise_meter.h"

#include <string.h>

#include "audio/level.h"

static const float NEWEST = 0.25F;                 /* the weight of a frame */
static const float FLOOR = 1.001F;                 /* white noise that keeps the recursion stable */
static const float INDEX_STEP = 32768.0F / 258.0F; /* RFC 3389 3.2 */

enum { INDEX_ZERO = 127, INDEX_MAX = 254 };

void audio_noise_meter_init(audio_noise_meter *meter) {
  *meter = (audio_noise_meter){0};
}

static float correlate(audio_span frame, size_t lag) {
  int64_t sum = 0;
  for (size_t i = lag; i < frame.len; i++) {
    sum += (int32_t)frame.ptr[i] * (int32_t)frame.ptr[i - lag];
  }
  return (float)sum / (float)frame.len;
}

void audio_noise_meter_feed(audio_noise_meter *meter, audio_span frame) {
  if (frame.len <= AUDIO_NOISE_ORDER) return;
  float weight = meter->started ? NEWEST : 1;
  for (size_t lag = 0; lag <= AUDIO_NOISE_ORDER; lag++) {
    float *mean = &meter->correlation[lag];
    *mean += weight * (correlate(frame, lag) - *mean);
  }
  meter->started = true;
}

uint8_t audio_noise_meter_level(const audio_noise_meter *meter) {
  return audio_level_of_power((uint64_t)(meter->correlation[0] * 65536));
}

/* reflection[m] of A(z) = 1 + sum a_i z^-i, the inverse of the filter that colours. */
static void reflect(const audio_noise_meter *meter, float reflection[AUDIO_NOISE_ORDER]) {
  float a[AUDIO_NOISE_ORDER + 1] = {1}, before[AUDIO_NOISE_ORDER + 1];
  float error = meter->correlation[0] * FLOOR;
  memset(reflection, 0, AUDIO_NOISE_ORDER * sizeof *reflection);
  for (size_t m = 1; m <= AUDIO_NOISE_ORDER && error > 0; m++) {
    float sum = 0;
    for (size_t i = 0; i < m; i++) sum += a[i] * meter->correlation[m - i];
    float k = -sum / error;
    memcpy(before, a, sizeof a);
    for (size_t i = 1; i < m; i++) a[i] = before[i] + k * before[m - i];
    a[m] = k;
    error *= 1 - k * k;
    reflection[m - 1] = k;
  }
}

static uint8_t index_of(float coefficient) {
  float index = coefficient * INDEX_STEP + INDEX_ZERO + 0.5F;
  if (index < 0) return 0;
  return index < INDEX_MAX ? (uint8_t)index : INDEX_MAX;
}

size_t audio_noise_meter_write(const audio_noise_meter *meter, uint8_t *out) {
  float reflection[AUDIO_NOISE_ORDER];
  reflect(meter, reflection);
  out[0] = audio_noise_meter_level(meter);
  for (size_t i = 0; i < AUDIO_NOISE_ORDER; i++) out[i + 1] = index_of(reflection[i]);
  return AUDIO_NOISE_PAYLOAD;
}
