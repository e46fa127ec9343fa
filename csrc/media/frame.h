/* SPDX-License-Identifier: MIT
 *
 * One frame of audio on its way out: samples, and the payload of the session's codec
 * when there is one already.
 */
#ifndef MOONSIP_MEDIA_FRAME_H
#define MOONSIP_MEDIA_FRAME_H

#include <stdbool.h>

#include "audio/codec.h"
#include "media/time.h"

typedef struct media_frame {
  const audio_codec *codec; /* of `payload`; NULL: only samples are wanted */
  uint32_t rate;            /* of `samples`, Hz */
  size_t count;             /* a frame's worth of samples at that rate */
  int16_t *samples;         /* room for MEDIA_FRAME_MAX */
  sip_str payload;          /* says the same as the samples; empty: encode them */
  bool payload_does;        /* nobody wants samples where there is a payload */
  bool is_silent;           /* nothing was put into it: samples are 0 */
} media_frame;

#endif
