/* SPDX-License-Identifier: MIT
 *
 * RIFF, fmt, fact where it is owed, data.
 */
#include "audio/wav_writer.h"

#include <stdbool.h>
#include <string.h>

#include "audio/sample.h"

enum { RIFF = 12, CHUNK = 8, FORMAT = 16, EXTENSION = 2, FACT = 4 };

static uint16_t tag_of(audio_wav_encoding encoding) {
  switch (encoding) {
  case AUDIO_WAV_FLOAT32:
  case AUDIO_WAV_FLOAT64:
    return 3;
  case AUDIO_WAV_ALAW:
    return 6;
  case AUDIO_WAV_ULAW:
    return 7;
  default:
    return 1;
  }
}

/* All but PCM say how many samples there are, and that nothing follows their format. */
static bool has_fact(const audio_wav_format *format) {
  return tag_of(format->encoding) != 1;
}

size_t audio_wav_header_size(const audio_wav_format *format) {
  bool possible = format->channels > 0 && format->channels <= AUDIO_WAV_CHANNELS_MAX &&
                  format->rate >= AUDIO_RATE_MIN && format->rate <= AUDIO_RATE_MAX;
  if (!possible) return 0;
  size_t plain = RIFF + CHUNK + FORMAT + CHUNK;
  return has_fact(format) ? plain + EXTENSION + CHUNK + FACT : plain;
}

static uint32_t frame_of(const audio_wav_format *format) {
  return format->channels * audio_wav_sample_size(format->encoding);
}

uint64_t audio_wav_data_max(const audio_wav_format *format) {
  size_t header = audio_wav_header_size(format);
  if (header == 0) return 0;
  uint64_t most = UINT32_MAX - (header - CHUNK) - 1; /* and a byte of padding */
  return most - most % frame_of(format);
}

static uint8_t *put_id(uint8_t *out, const char *id) {
  memcpy(out, id, 4);
  return out + 4;
}

static uint8_t *put(uint8_t *out, uint32_t value, size_t size) {
  for (size_t i = 0; i < size; i++) out[i] = (uint8_t)(value >> 8 * i);
  return out + size;
}

size_t audio_wav_header_write(const audio_wav_format *format, uint64_t data, uint8_t *out) {
  size_t size = audio_wav_header_size(format);
  if (size == 0 || data > audio_wav_data_max(format)) return 0;
  uint32_t frame = frame_of(format), len = (uint32_t)data;
  bool fact = has_fact(format);
  out = put_id(out, "RIFF");
  out = put(out, (uint32_t)size - CHUNK + len + len % 2, 4);
  out = put_id(put_id(out, "WAVE"), "fmt ");
  out = put(out, fact ? FORMAT + EXTENSION : FORMAT, 4);
  out = put(out, tag_of(format->encoding), 2);
  out = put(out, format->channels, 2);
  out = put(out, format->rate, 4);
  out = put(out, format->rate * frame, 4);
  out = put(out, frame, 2);
  out = put(out, 8 * audio_wav_sample_size(format->encoding), 2);
  if (fact) {
    out = put_id(put(out, 0, EXTENSION), "fact");
    out = put(put(out, FACT, 4), len / frame, 4);
  }
  put(put_id(out, "data"), len, 4);
  return size;
}
