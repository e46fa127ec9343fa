/* SPDX-License-Identifier: MIT
 *
 * A payload, comfort noise or a gap: who makes the samples. The block is this struct,
 * then the state of the concealment if the codec has none of its own, then the codec's.
 */
#include "audio/decoder.h"

#include "audio/comfort_noise.h"
#include "audio/plc.h"

struct audio_decoder {
  const audio_codec *codec;
  uint32_t rate;
  bool noisy; /* the peer pauses: gaps are comfort noise */
  audio_comfort_noise noise;
  audio_plc *plc; /* NULL: the codec conceals */
  void *state;
  _Alignas(max_align_t) unsigned char rest[];
};

static size_t align(size_t size) {
  size_t unit = _Alignof(max_align_t);
  return (size + unit - 1) / unit * unit;
}

static size_t plc_size(const audio_codec *codec, uint32_t rate) {
  return codec->conceal ? 0 : align(audio_plc_size(rate));
}

size_t audio_decoder_size(const audio_codec *codec, const audio_codec_settings *settings) {
  audio_codec_settings full;
  if (!audio_codec_complete(codec, settings, &full)) return 0;
  return sizeof(audio_decoder) + plc_size(codec, full.sample_rate) +
         (codec->decoder_size ? codec->decoder_size(&full) : 0);
}

audio_decoder *audio_decoder_init(void *block, const audio_codec *codec,
                                  const audio_codec_settings *settings) {
  audio_codec_settings full;
  if (!block || !audio_codec_complete(codec, settings, &full)) return NULL;
  audio_decoder *decoder = block;
  decoder->codec = codec;
  decoder->rate = full.sample_rate;
  decoder->noisy = false;
  audio_comfort_noise_init(&decoder->noise, 1);
  size_t behind = plc_size(codec, full.sample_rate);
  decoder->plc = behind ? audio_plc_init(decoder->rest, full.sample_rate) : NULL;
  decoder->state = decoder->rest + behind;
  if (codec->decoder_init && codec->decoder_init(decoder->state, &full)) return NULL;
  return decoder;
}

const audio_codec *audio_decoder_codec(const audio_decoder *decoder) {
  return decoder->codec;
}

uint32_t audio_decoder_rate(const audio_decoder *decoder) {
  return decoder->rate;
}

size_t audio_decoder_decode(audio_decoder *decoder, sip_str payload, int16_t *out, size_t room) {
  if (payload.len == 0) return 0;
  size_t count = decoder->codec->decode(decoder->state, payload, out, room);
  if (count == 0) return 0;
  decoder->noisy = false;
  if (decoder->plc) audio_plc_receive(decoder->plc, out, count);
  return count;
}

void audio_decoder_conceal(audio_decoder *decoder, sip_str next, int16_t *out, size_t count) {
  if (decoder->noisy) {
    audio_comfort_noise_make(&decoder->noise, out, count);
    if (decoder->plc) audio_plc_receive(decoder->plc, out, count);
  } else if (decoder->plc) {
    audio_plc_conceal(decoder->plc, out, count);
  } else {
    decoder->codec->conceal(decoder->state, next, out, count);
  }
}

bool audio_decoder_comfort(audio_decoder *decoder, sip_str payload) {
  if (!audio_comfort_noise_set(&decoder->noise, payload)) return false;
  decoder->noisy = true;
  return true;
}
