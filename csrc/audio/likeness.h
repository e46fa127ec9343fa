/* SPDX-License-Identifier: MIT
 *
 * How much of one sound is heard in another, wherever in it that begins, and however many
 * frames a jitter buffer has put in or left out.
 */
#ifndef MOONSIP_AUDIO_LIKENESS_H
#define MOONSIP_AUDIO_LIKENESS_H

#include "audio/sample.h"

typedef struct audio_likeness {
  double share; /* of the sound's energy that was found again in its order: 0 to 1 */
  int64_t at;   /* sample of `heard` where the sound begins; may be a little below 0 */
} audio_likeness;

/* Both at 8000 Hz. No sound at all in `said` is found nowhere: 0. Takes some
 * milliseconds for each second of `heard`. */
audio_likeness audio_likeness_find(audio_span said, audio_span heard);

#endif
