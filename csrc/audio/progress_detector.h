/* SPDX-License-Identifier: MIT
 *
 * What an exchange tells a caller by tones between 300 and 640 Hz (ITU-T E.180): by their
 * cadence, since that is where countries agree most.
 */
#ifndef MOONSIP_AUDIO_PROGRESS_DETECTOR_H
#define MOONSIP_AUDIO_PROGRESS_DETECTOR_H

#include "audio/block.h"
#include "audio/goertzel.h"

typedef enum audio_progress {
  AUDIO_PROGRESS_DIAL,       /* a sound of 3 s */
  AUDIO_PROGRESS_RINGBACK,   /* it begins again after a pause of 1.5 to 6 s */
  AUDIO_PROGRESS_BUSY,       /* three times the same sound of over 300 ms and pause */
  AUDIO_PROGRESS_CONGESTION, /* of 100 to 300 ms: in some countries (br, es, se) busy */
} audio_progress;

typedef struct audio_progress_event {
  audio_progress what;
  uint32_t on_ms, off_ms; /* the cadence, within 20 ms; a dial tone has no pause */
} audio_progress_event;

typedef struct audio_progress_detector {
  audio_goertzel bands;
  float sound, pause; /* energies of a block: at least, at most */
  audio_block block;  /* of 20 ms */
  uint8_t state;      /* sound, pause or nothing yet */
  uint8_t told;       /* the last event + 1 */
  uint32_t run, odd;  /* blocks of it; of something else in a row */
  uint32_t on, off;   /* the last sound and the last pause, in blocks */
  uint32_t on_before; /* the sound before */
  uint32_t cycles;    /* that were the same */
} audio_progress_detector;

void audio_progress_detector_init(audio_progress_detector *detector, uint32_t rate);

/* As audio_dtmf_detector_feed. One and the same is told once, until another comes. */
bool audio_progress_detector_feed(audio_progress_detector *detector, audio_span *in,
                                  audio_progress_event *event);

#endif
