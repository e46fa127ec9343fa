/* SPDX-License-Identifier: MIT
 *
 * One sample at a time in each encoding; bytes are put together by hand, since data are
 * little-endian and not aligned.
 */
#include "audio/wav_samples.h"

#include <string.h>

#include "audio/g711.h"

static int32_t little16(const uint8_t *in) {
  return (int16_t)(uint16_t)(in[0] | in[1] << 8);
}

static uint32_t little32(const uint8_t *in) {
  return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

/* The upper 16 of 32 bits, rounded. */
static int32_t upper(uint32_t bits) {
  int64_t value = (int32_t)bits;
  return audio_saturate((int32_t)((value + 0x8000) >> 16));
}

/* What is no number is silence. */
static int32_t of_float(double value) {
  if (!(value > -2 && value < 2)) return value > 0 ? INT16_MAX : value < 0 ? INT16_MIN : 0;
  value *= 32768;
  return audio_saturate((int32_t)(value < 0 ? value - 0.5 : value + 0.5));
}

static int32_t float32(const uint8_t *in) {
  uint32_t bits = little32(in);
  float value;
  memcpy(&value, &bits, sizeof value);
  return of_float((double)value);
}

static int32_t float64(const uint8_t *in) {
  uint64_t bits = (uint64_t)little32(in + 4) << 32 | little32(in);
  double value;
  memcpy(&value, &bits, sizeof value);
  return of_float(value);
}

static int32_t sample_of(audio_wav_encoding encoding, const uint8_t *in) {
  switch (encoding) {
  case AUDIO_WAV_PCM8:
    return (in[0] - 128) * 256;
  case AUDIO_WAV_PCM16:
    return little16(in);
  case AUDIO_WAV_PCM24:
    return upper((uint32_t)in[0] << 8 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 24);
  case AUDIO_WAV_PCM32:
    return upper(little32(in));
  case AUDIO_WAV_FLOAT32:
    return float32(in);
  case AUDIO_WAV_FLOAT64:
    return float64(in);
  case AUDIO_WAV_ALAW:
    return audio_alaw_values[in[0]];
  case AUDIO_WAV_ULAW:
    return audio_ulaw_values[in[0]];
  }
  return 0;
}

void audio_wav_decode(const audio_wav_format *format, uint16_t channel, const uint8_t *in,
                      size_t count, int16_t *out) {
  uint32_t size = audio_wav_sample_size(format->encoding);
  uint16_t first = channel ? (uint16_t)(channel - 1) : 0, end = (uint16_t)(first + 1);
  if (!channel && format->channels > 0) end = format->channels;
  for (size_t n = 0; n < count; n++) {
    int32_t sum = 0;
    for (uint16_t i = first; i < end; i++) sum += sample_of(format->encoding, in + i * size);
    out[n] = (int16_t)(sum / (end - first));
    in += format->channels * size;
  }
}

static size_t write_pcm16(audio_span samples, uint8_t *out) {
  for (size_t i = 0; i < samples.len; i++) {
    out[2 * i] = (uint8_t)samples.ptr[i];
    out[2 * i + 1] = (uint8_t)((uint16_t)samples.ptr[i] >> 8);
  }
  return 2 * samples.len;
}

size_t audio_wav_encode(audio_wav_encoding encoding, audio_span samples, uint8_t *out) {
  switch (encoding) {
  case AUDIO_WAV_PCM16:
    return write_pcm16(samples, out);
  case AUDIO_WAV_ALAW:
    audio_alaw_encode(samples, out);
    return samples.len;
  case AUDIO_WAV_ULAW:
    audio_ulaw_encode(samples, out);
    return samples.len;
  default:
    return 0;
  }
}
