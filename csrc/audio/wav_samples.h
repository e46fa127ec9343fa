/* SPDX-License-Identifier: MIT
 *
 * The data of a WAV file as samples, and samples as data.
 */
#ifndef MOONSIP_AUDIO_WAV_SAMPLES_H
#define MOONSIP_AUDIO_WAV_SAMPLES_H

#include "audio/sample.h"
#include "audio/wav.h"

/* `count` samples of all channels: their mean (channel AUDIO_WAV_MIX), or channel 1, 2 ... */
void audio_wav_decode(const audio_wav_format *format, uint16_t channel, const uint8_t *in,
                      size_t count, int16_t *out);

/* Samples of all channels as they come, as PCM16, A-law or mu-law; bytes written, 0 for
 * other encodings. */
size_t audio_wav_encode(audio_wav_encoding encoding, audio_span samples, uint8_t *out);

#endif
