/* SPDX-License-Identifier: MIT
 *
 * One frequency alone: the beep of an answering machine, the calling and answering
 * tones of fax machines (ITU-T T.30 4). A block of 20 ms is a tone when one sinusoid explains
 * nearly all of it; blocks in a row of one frequency and loudness make a tone.
 */
#ifndef MOONSIP_AUDIO_TONE_DETECTOR_H
#define MOONSIP_AUDIO_TONE_DETECTOR_H

#include "audio/block.h"

typedef enum audio_tone_kind {
  AUDIO_TONE_BEEP, /* 350 to 3000 Hz, 100 ms to 3 s, told when it has ended */
  AUDIO_TONE_CNG,  /* 1100 Hz for 450 ms: a fax machine calls */
  AUDIO_TONE_CED,  /* 2100 Hz for 450 ms: a fax machine or a modem answers */
} audio_tone_kind;

typedef struct audio_tone_event {
  audio_tone_kind kind;
  uint32_t frequency;   /* Hz, within 1 % */
  uint32_t duration_ms; /* so far */
} audio_tone_event;

typedef struct audio_tone_settings {
  uint32_t beep_ms;     /* least length of a beep; 0: 100 */
  uint32_t fax_ms;      /* of CNG and CED; 0: 450 */
  float threshold_dbm0; /* least level; 0: -38 */
  bool ignore_beeps;
} audio_tone_settings;

enum { AUDIO_TONE_BLOCK_MAX = AUDIO_LIVE_RATE_MAX / 50 }; /* samples */

typedef struct audio_tone_detector {
  audio_block block;
  uint32_t rate;
  float threshold; /* least energy of a block */
  uint32_t beep_blocks, fax_blocks;
  bool ignore_beeps;
  bool told;        /* this tone was reported as a fax machine's */
  uint32_t blocks;  /* that this tone lasts; 0: there is none */
  uint32_t missing; /* blocks in a row without it */
  float hz, energy; /* of this tone */
  int16_t samples[AUDIO_TONE_BLOCK_MAX];
} audio_tone_detector;

/* settings NULL: the defaults. */
void audio_tone_detector_init(audio_tone_detector *detector, uint32_t rate,
                              const audio_tone_settings *settings);

/* As audio_dtmf_detector_feed. */
bool audio_tone_detector_feed(audio_tone_detector *detector, audio_span *in,
                              audio_tone_event *event);

#endif
