/* SPDX-License-Identifier: MIT
 *
 * Louder and softer.
 */
#ifndef MOONSIP_AUDIO_GAIN_H
#define MOONSIP_AUDIO_GAIN_H

#include "audio/sample.h"

/* A factor in 1/65536: multiplication without floating point. */
typedef int32_t audio_gain;

enum {
  AUDIO_GAIN_UNITY = 1 << 16,
  AUDIO_GAIN_DB_MAX = 40, /* more is that much */
  AUDIO_GAIN_DB_MIN = -90 /* less is silence */
};

audio_gain audio_gain_of_db(double db);

/* In place, saturating. */
void audio_gain_apply(audio_gain gain, int16_t *samples, size_t count);

#endif
