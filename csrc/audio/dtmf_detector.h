/* SPDX-License-Identifier: MIT
 *
 * Digits in the audio (ITU-T Q.23, Q.24): blocks of 12.75 ms, some of which must agree in
 * a row. 40 ms on and 40 ms off are heard from -36 dBm0 per frequency on, to 1.5 % off; 17
 * ms are no digit.
 */
#ifndef MOONSIP_AUDIO_DTMF_DETECTOR_H
#define MOONSIP_AUDIO_DTMF_DETECTOR_H

#include "audio/block.h"
#include "audio/goertzel.h"

typedef struct audio_dtmf_settings {
  float twist_db;         /* the low group louder by at most this; 0: 8 */
  float reverse_twist_db; /* the high group; 0: 6 */
  float threshold_dbm0;   /* the weaker frequency's least level; 0: -38 */
} audio_dtmf_settings;

typedef struct audio_dtmf_event {
  char digit;           /* 0-9 * # A-D */
  bool ended;           /* false: it has begun */
  uint32_t duration_ms; /* so far: of an ended one its length, within a block */
} audio_dtmf_event;

typedef struct audio_dtmf_detector {
  audio_goertzel pitches;
  float threshold, twist, reverse_twist;
  audio_block block;
  uint32_t rate;
  uint32_t hits, misses; /* blocks in a row */
  uint32_t blocks;       /* that the digit lasts */
  char last;             /* the last block's, 0 for none */
  char digit;            /* that is reported as held down, 0 for none */
} audio_dtmf_detector;

/* settings NULL: the defaults. */
void audio_dtmf_detector_init(audio_dtmf_detector *detector, uint32_t rate,
                              const audio_dtmf_settings *settings);

/* Takes from `in` until something happens: true, with the event, and the rest is still
 * in `in`; false when all of it is taken. Call it in a loop. */
bool audio_dtmf_detector_feed(audio_dtmf_detector *detector, audio_span *in,
                              audio_dtmf_event *event);

/* A digit is being heard: by then its sound is in the audio already. */
static inline bool audio_dtmf_detector_hears(const audio_dtmf_detector *detector) {
  return detector->digit || detector->hits;
}

#endif
