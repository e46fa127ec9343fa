/* SPDX-License-Identifier: MIT
 *
 * What an exchange tells a caller by tones between 300 and 640 Hz (ITU-T E.180): by their
 * cadence, since that is where countries agree most.
 */
#ifndef MOONSIP_AUDIO_PROGRESS_DETECTOR_H
#define MOONSIP_AUDIO_PROGRESS_DETECTOR_H

#include <stdbool.h>

#include "audio/goertzel.h"

typedef enum audio_progress {
  AUDIO_PROGRESS_DIAL,       /* 2 s without a pause */
  AUDIO_PROGRESS_RINGBACK,   /* after the second pause of 1.5 to 6 s between sounds */
  AUDIO_PROGRESS_BUSY,       /* sound and pause of equal length, 300 to 800 ms, three times */
  AUDIO_PROGRESS_CONGESTION, /* the same from 100 to 300 ms */
} audio_progress;

enum { AUDIO_PROGRESS_BANDS = 8 };

typedef struct audio_progress_detector {
  audio_goertzel bands[AUDIO_PROGRESS_BANDS];
  float energy;
  uint32_t rate, block, fill;
  bool on;
  uint32_t run, other; /* blocks in this state; against it in a row */
  uint32_t last_on, last_off;
  uint32_t cycles;
  bool reported;
  audio_progress last;
} audio_progress_detector;

void audio_progress_detector_init(audio_progress_detector *detector, uint32_t rate);

/* As audio_dtmf_detector_feed. One and the same is told once, until another comes. */
bool audio_progress_detector_feed(audio_progress_detector *detector, audio_span *in,
                                  audio_progress *event);

#endif
