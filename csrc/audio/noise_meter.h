/* SPDX-License-Identifier: MIT
 *
 * How loud the background is, and of what colour: what a sender that stops in silence
 * puts into its CN payloads (RFC 3389 3).
 */
#ifndef MOONSIP_AUDIO_NOISE_METER_H
#define MOONSIP_AUDIO_NOISE_METER_H

#include <stdbool.h>

#include "audio/sample.h"

enum {
  AUDIO_NOISE_ORDER = 8,                      /* coefficients that we send */
  AUDIO_NOISE_PAYLOAD = 1 + AUDIO_NOISE_ORDER /* bytes */
};

typedef struct audio_noise_meter {
  float correlation[AUDIO_NOISE_ORDER + 1]; /* smoothed, per sample; [0] is the power */
  bool started;
} audio_noise_meter;

void audio_noise_meter_init(audio_noise_meter *meter);

/* A frame without speech, as audio/silence finds it. */
void audio_noise_meter_feed(audio_noise_meter *meter, audio_span frame);

/* -dBov, 127 for digital silence. */
uint8_t audio_noise_meter_level(const audio_noise_meter *meter);

/* The CN payload of now, into AUDIO_NOISE_PAYLOAD bytes; how many they are. */
size_t audio_noise_meter_write(const audio_noise_meter *meter, uint8_t *out);

#endif
