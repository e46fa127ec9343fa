/* SPDX-License-Identifier: MIT
 *
 * The time of media: rtp_time, nanoseconds of a monotonic clock that the caller owns, cut
 * into frames of 20 ms. Each session's frames begin at one of 20 phases.
 */
#ifndef MOONSIP_MEDIA_TIME_H
#define MOONSIP_MEDIA_TIME_H

#include "audio/sample.h"
#include "rtp/time.h"

enum {
  MEDIA_FRAME_MS = 20,
  MEDIA_PHASES = 20, /* one for each millisecond of a frame */
  MEDIA_FRAME_MAX = AUDIO_LIVE_RATE_MAX / 1000 * MEDIA_FRAME_MS /* samples */
};

#define MEDIA_FRAME_NS (MEDIA_FRAME_MS * RTP_MS)

/* Samples of a frame at `rate`, which is a multiple of 50 Hz. */
static inline size_t media_frame_samples(uint32_t rate) {
  return rate / (1000 / MEDIA_FRAME_MS);
}

/* Frames that cover so many milliseconds. */
static inline uint64_t media_frames(uint64_t ms) {
  return (ms + MEDIA_FRAME_MS - 1) / MEDIA_FRAME_MS;
}

#endif
