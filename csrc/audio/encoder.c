/* SPDX-License-Identifier: MIT
 *
 * A codec's state behind the little that is common to all.
 */
#include "audio/encoder.h"

struct audio_encoder {
  const audio_codec *codec;
  uint32_t rate;
  _Alignas(max_align_t) unsigned char state[];
};

size_t audio_encoder_size(const audio_codec *codec, const audio_codec_settings *settings) {
  audio_codec_settings full;
  if (!audio_codec_complete(codec, settings, &full)) return 0;
  return sizeof(audio_encoder) + (codec->encoder_size ? codec->encoder_size(&full) : 0);
}

audio_encoder *audio_encoder_init(void *block, const audio_codec *codec,
                                  const audio_codec_settings *settings) {
  audio_codec_settings full;
  if (!block || !audio_codec_complete(codec, settings, &full)) return NULL;
  audio_encoder *encoder = block;
  encoder->codec = codec;
  encoder->rate = full.sample_rate;
  if (codec->encoder_init && codec->encoder_init(encoder->state, &full)) return NULL;
  return encoder;
}

const audio_codec *audio_encoder_codec(const audio_encoder *encoder) {
  return encoder->codec;
}

uint32_t audio_encoder_rate(const audio_encoder *encoder) {
  return encoder->rate;
}

size_t audio_encoder_encode(audio_encoder *encoder, audio_span in, uint8_t *out, size_t room) {
  return encoder->codec->encode(encoder->state, in, out, room);
}

void audio_encoder_expect_loss(audio_encoder *encoder, uint8_t percent) {
  if (encoder->codec->expect_loss) encoder->codec->expect_loss(encoder->state, percent);
}
