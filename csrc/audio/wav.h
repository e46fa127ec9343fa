/* SPDX-License-Identifier: MIT
 *
 * What is in a WAV file (RIFF WAVE): encoding, rate, channels.
 */
#ifndef MOONSIP_AUDIO_WAV_H
#define MOONSIP_AUDIO_WAV_H

#include <stdint.h>

typedef enum audio_wav_encoding {
  AUDIO_WAV_PCM8, /* unsigned */
  AUDIO_WAV_PCM16,
  AUDIO_WAV_PCM24,
  AUDIO_WAV_PCM32,
  AUDIO_WAV_FLOAT32,
  AUDIO_WAV_FLOAT64,
  AUDIO_WAV_ALAW,
  AUDIO_WAV_ULAW,
} audio_wav_encoding;

enum {
  AUDIO_WAV_CHANNELS_MAX = 32,
  AUDIO_WAV_FRAME_MAX = AUDIO_WAV_CHANNELS_MAX * 8, /* bytes of a sample of all channels */
};

typedef struct audio_wav_format {
  audio_wav_encoding encoding;
  uint16_t channels;
  uint32_t rate; /* Hz */
} audio_wav_format;

/* Bytes of one sample of one channel. */
uint32_t audio_wav_sample_size(audio_wav_encoding encoding);

#endif
