/* SPDX-License-Identifier: MIT
 *
 * A conference's sum: everybody hears all the others and not himself. For each frame:
 * begin, add each member that speaks, take each member's mix. Members that are silent
 * are not added (audio/silence says who), and all of them hear one and the same mix,
 * which is worth encoding once.
 */
#ifndef MOONSIP_AUDIO_MIXER_H
#define MOONSIP_AUDIO_MIXER_H

#include "audio/sample.h"

typedef struct audio_mixer {
  size_t count;    /* samples of this frame */
  size_t speakers; /* that were added to it */
  int32_t sum[AUDIO_FRAME_MAX];
} audio_mixer;

/* A new frame of up to AUDIO_FRAME_MAX samples. */
void audio_mixer_begin(audio_mixer *mixer, size_t count);

/* `count` samples, which the caller keeps until the mixes are taken. Up to 65535
 * speakers cannot overflow. */
void audio_mixer_add(audio_mixer *mixer, const int16_t *samples);

/* The sum without `own` (NULL for who was not added), saturated. `whisper`: samples for
 * this listener alone on top, or NULL. `out` may be `own`. */
void audio_mixer_take(const audio_mixer *mixer, const int16_t *own, const int16_t *whisper,
                      int16_t *out);

/* Two signals into one, saturated; `into` keeps the sum. */
void audio_mix(int16_t *into, const int16_t *from, size_t count);

#endif
