/* SPDX-License-Identifier: MIT
 *
 * The other direction, payloads to samples: a codec with its state, what conceals
 * losses and what makes comfort noise, in one block. Give it whatever the jitter buffer
 * has for the next frame's time: a payload, a comfort noise payload, or a gap.
 */
#ifndef MOONSIP_AUDIO_DECODER_H
#define MOONSIP_AUDIO_DECODER_H

#include "audio/codec.h"

typedef struct audio_decoder audio_decoder;

/* As for audio/encoder. */
size_t audio_decoder_size(const audio_codec *codec, const audio_codec_settings *settings);
audio_decoder *audio_decoder_init(void *block, const audio_codec *codec,
                                  const audio_codec_settings *settings);

const audio_codec *audio_decoder_codec(const audio_decoder *decoder);
uint32_t audio_decoder_rate(const audio_decoder *decoder); /* of the samples, Hz */

/* One payload. Samples written; 0 for one that is damaged or longer than `room`: then
 * it is a gap. AUDIO_FRAME_MAX is room for 60 ms. */
size_t audio_decoder_decode(audio_decoder *decoder, sip_str payload, int16_t *out, size_t room);

/* Exactly `count` samples in the place of a lost payload. `next`: the payload after the
 * gap when it has come already (Opus recovers the lost one from it), else empty. While
 * the peer sends comfort noise, a gap is more of that. */
void audio_decoder_conceal(audio_decoder *decoder, sip_str next, int16_t *out, size_t count);

/* A comfort noise payload (RFC 3389): from now on gaps are noise, until a payload of
 * the codec comes. False when it is empty, and then nothing changed. */
bool audio_decoder_comfort(audio_decoder *decoder, sip_str payload);

#endif
