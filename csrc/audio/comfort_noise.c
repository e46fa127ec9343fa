/* SPDX-License-Identifier: MIT
 *
 * White noise through a lattice filter. A lattice of reflection coefficients k has the
 * power gain 1 / product(1 - k^2), by which the noise is made softer before it.
 */
#include "audio/comfort_noise.h"

#include <math.h>
#include <string.h>

#include "audio/level.h"

static const float UNIFORM_RMS = 0.57735027F; /* of -1 to 1: 1 / sqrt(3) */
static const float APPROACH = 0.02F;          /* of the gain in a sample: 5 ms at 8 kHz */

enum {
  INDEX_ZERO = 127, /* of a coefficient of 0 (RFC 3389 3.2) */
  INDEX_MAX = 254,  /* 255 is reserved */
  LEVEL_BITS = 0x7f,
};

static const float COEFFICIENT_STEP = 258.0F / 32768.0F;

void audio_comfort_noise_init(audio_comfort_noise *noise, uint32_t seed) {
  *noise = (audio_comfort_noise){.seed = seed};
}

bool audio_comfort_noise_set(audio_comfort_noise *noise, sip_str payload) {
  if (payload.len == 0) return false;
  size_t order = payload.len - 1;
  if (order > AUDIO_NOISE_ORDER_MAX) order = AUDIO_NOISE_ORDER_MAX;
  double excitation = 1;
  for (size_t i = 0; i < order; i++) {
    int index = (uint8_t)payload.ptr[i + 1];
    if (index > INDEX_MAX) index = INDEX_ZERO;
    noise->reflection[i] = (float)(index - INDEX_ZERO) * COEFFICIENT_STEP;
    excitation *= 1 - (double)noise->reflection[i] * noise->reflection[i];
  }
  if (order != noise->order) memset(noise->delay, 0, sizeof noise->delay);
  noise->order = order;
  double rms = audio_rms_of_level((uint8_t)payload.ptr[0] & LEVEL_BITS);
  noise->target = (float)(rms * sqrt(excitation) / UNIFORM_RMS);
  return true;
}

static float white(audio_comfort_noise *noise) {
  noise->seed = noise->seed * 1664525U + 1013904223U;
  return (float)((int32_t)noise->seed >> 8) * (1.0F / 8388608.0F);
}

/* Before numbers become too small to calculate with at full speed. */
static bool has_died_away(const audio_comfort_noise *noise) {
  return noise->target == 0 && noise->gain < 1;
}

void audio_comfort_noise_make(audio_comfort_noise *noise, int16_t *out, size_t count) {
  if (has_died_away(noise)) {
    noise->gain = 0;
    memset(noise->delay, 0, sizeof noise->delay);
    memset(out, 0, count * sizeof *out);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    noise->gain += (noise->target - noise->gain) * APPROACH;
    float forward = white(noise) * noise->gain;
    for (size_t m = noise->order; m > 0; m--) {
      forward -= noise->reflection[m - 1] * noise->delay[m - 1];
      noise->delay[m] = noise->delay[m - 1] + noise->reflection[m - 1] * forward;
    }
    noise->delay[0] = forward;
    out[i] = audio_saturate_float(forward);
  }
}
