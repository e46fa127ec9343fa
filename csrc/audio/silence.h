/* SPDX-License-Identifier: MIT
 *
 * Speech or silence, by loudness: the mean amplitude of 10 ms against a threshold, with
 * a hang-over so that the pauses between words are none.
 */
#ifndef MOONSIP_AUDIO_SILENCE_H
#define MOONSIP_AUDIO_SILENCE_H

#include "audio/block.h"

enum {
  AUDIO_SILENCE_THRESHOLD = 256, /* mean amplitude; some -42 dBov */
  AUDIO_SILENCE_ATTACK_MS = 20,
  AUDIO_SILENCE_HANG_MS = 200,
};

typedef struct audio_silence_settings {
  uint32_t threshold; /* mean amplitude, 1 to 32767; 0: 256 */
  uint32_t attack_ms; /* loud for this long is speech; 0: 20 */
  uint32_t hang_ms;   /* silent for this long is silence; 0: 200 */
} audio_silence_settings;

typedef struct audio_silence_event {
  bool speech;        /* it has begun; false: it has ended */
  uint32_t before_ms; /* how long what it ends had lasted */
} audio_silence_event;

typedef struct audio_silence {
  uint32_t threshold, attack, hang; /* blocks */
  audio_block block;
  uint64_t sum;
  bool speech;
  uint32_t run;   /* blocks of what is reported now */
  uint32_t other; /* blocks in a row that say otherwise */
} audio_silence;

/* settings NULL: the defaults. It begins with silence. */
void audio_silence_init(audio_silence *silence, uint32_t rate,
                        const audio_silence_settings *settings);

/* As audio_dtmf_detector_feed. */
bool audio_silence_feed(audio_silence *silence, audio_span *in, audio_silence_event *event);

static inline bool audio_silence_hears(const audio_silence *silence) {
  return silence->speech;
}

/* How long nobody has spoken by now, from the last loud block on; 0 while one speaks. */
uint32_t audio_silence_ms(const audio_silence *silence);

/* How long somebody has spoken by now; 0 in silence. */
uint32_t audio_speech_ms(const audio_silence *silence);

#endif
