/* SPDX-License-Identifier: MIT
 *
 * From one sampling rate to another: a polyphase filter of 64 taps at the lower rate (as
 * much longer as the rate goes down), with coefficients and history in one block.
 *
 * Of a tone below 0.42 of the lower rate (3.4 kHz of 8) at most 0.05 dB is lost; aliases
 * and images from 0.51 of it on, and whatever else is added, are at least 80 dB down. The
 * filter that speexdsp makes for calls (quality 3) costs the same, loses 0.2 dB of 3.3 kHz
 * (spec/audio/resampler_spec.lua, spec/bench/audio), allocates, and would be optional: so
 * this is the one there is.
 */
#ifndef MOONSIP_AUDIO_RESAMPLER_H
#define MOONSIP_AUDIO_RESAMPLER_H

#include "audio/sample.h"

typedef struct audio_resampler audio_resampler;

/* Bytes of the block; 0 for a rate outside AUDIO_RATE_MIN to AUDIO_RATE_MAX. Between 8,
 * 16, 24, 32 and 48 kHz less than 4 KB; with 44100 Hz up to 128 KB. */
size_t audio_resampler_size(uint32_t from, uint32_t to);

/* Makes one in a block of that size, aligned as malloc aligns: some thousand
 * multiplications and calls of sin, so once for a call or a file and not for a frame.
 * NULL for rates that have no size. There is nothing to undo: free the block. */
audio_resampler *audio_resampler_init(void *block, uint32_t from, uint32_t to);

/* Most samples that so many become. */
size_t audio_resampler_room(const audio_resampler *resampler, size_t count);

/* All of `in`, whatever its length; samples written, never more than the room said.
 * After N samples in all, N * to / from (rounded up) have been written in all. */
size_t audio_resampler_feed(audio_resampler *resampler, audio_span in, int16_t *out);

/* How much later a sound comes out than it went in, in samples of the output; 0 when
 * both rates are the same. */
size_t audio_resampler_delay(const audio_resampler *resampler);

/* As after init. */
void audio_resampler_reset(audio_resampler *resampler);

#endif
