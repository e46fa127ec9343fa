/* SPDX-License-Identifier: MIT
 *
 * Samples: 16-bit, signed, linear, mono, at a rate that goes with them. Audio moves
 * in frames of 10 to 60 ms; nothing here allocates, locks or waits, so that all of it
 * may run in the media thread. Each object belongs to one thread at a time.
 */
#ifndef MOONSIP_AUDIO_SAMPLE_H
#define MOONSIP_AUDIO_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

enum {
  AUDIO_RATE_MIN = 1000, /* of anything that is read; Hz */
  AUDIO_RATE_MAX = 384000,
  AUDIO_LIVE_RATE_MAX = 48000, /* of a call */
  AUDIO_FRAME_MS_MIN = 10,
  AUDIO_FRAME_MS_MAX = 60,
  AUDIO_FRAME_MAX = AUDIO_LIVE_RATE_MAX / 1000 * AUDIO_FRAME_MS_MAX, /* samples */
};

/* Samples somebody else owns. What is fed with a pointer to one takes from its front. */
typedef struct audio_span {
  const int16_t *ptr;
  size_t len; /* samples */
} audio_span;

static inline audio_span audio_span_make(const int16_t *ptr, size_t len) {
  return (audio_span){ptr, len};
}

static inline void audio_span_drop(audio_span *span, size_t len) {
  span->ptr += len;
  span->len -= len;
}

static inline int16_t audio_saturate(int32_t value) {
  if (value > INT16_MAX) return INT16_MAX;
  if (value < INT16_MIN) return INT16_MIN;
  return (int16_t)value;
}

static inline int16_t audio_saturate_float(float value) {
  if (value >= INT16_MAX) return INT16_MAX;
  if (value <= INT16_MIN) return INT16_MIN;
  return (int16_t)value;
}

/* How many samples so many milliseconds are; rounded down. */
static inline size_t audio_samples(uint32_t rate, uint32_t ms) {
  return (size_t)((uint64_t)rate * ms / 1000);
}

#endif
