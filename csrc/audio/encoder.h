/* SPDX-License-Identifier: MIT
 *
 * One direction of a call, samples to payloads: a codec with its state, in one block.
 */
#ifndef MOONSIP_AUDIO_ENCODER_H
#define MOONSIP_AUDIO_ENCODER_H

#include "audio/codec.h"

typedef struct audio_encoder audio_encoder;

/* Bytes of the block; 0 when the codec cannot work with these settings. */
size_t audio_encoder_size(const audio_codec *codec, const audio_codec_settings *settings);

/* Makes an encoder in a block of that size, aligned as malloc aligns. NULL when the
 * codec cannot work with these settings. There is nothing to undo: free the block. */
audio_encoder *audio_encoder_init(void *block, const audio_codec *codec,
                                  const audio_codec_settings *settings);

const audio_codec *audio_encoder_codec(const audio_encoder *encoder);
uint32_t audio_encoder_rate(const audio_encoder *encoder); /* of the samples, Hz */

/* One frame into one payload; its bytes, or 0 when `room` is too small or the codec
 * takes no frame of this length. AUDIO_PAYLOAD_MAX is always room enough. */
size_t audio_encoder_encode(audio_encoder *encoder, audio_span in, uint8_t *out, size_t room);

/* What the receiver's reports say is lost, percent: Opus adds redundancy for it. */
void audio_encoder_expect_loss(audio_encoder *encoder, uint8_t percent);

#endif
