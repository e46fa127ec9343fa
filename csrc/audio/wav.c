/* SPDX-License-Identifier: MIT
 *
 * Sizes of encodings.
 */
#include "audio/wav.h"

uint32_t audio_wav_sample_size(audio_wav_encoding encoding) {
  static const uint8_t sizes[] = {
      [AUDIO_WAV_PCM8] = 1,  [AUDIO_WAV_PCM16] = 2,   [AUDIO_WAV_PCM24] = 3,
      [AUDIO_WAV_PCM32] = 4, [AUDIO_WAV_FLOAT32] = 4, [AUDIO_WAV_FLOAT64] = 8,
      [AUDIO_WAV_ALAW] = 1,  [AUDIO_WAV_ULAW] = 1,
  };
  return sizes[encoding];
}
