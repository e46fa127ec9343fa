/* SPDX-License-Identifier: MIT
 *
 * A WAV file: a byte that says how it is cut and which channel is wanted, then the file.
 * In pieces of any size it gives the same samples, or the same error, as in one.
 */
#include "audio/clip_load.h"
#include "audio/wav_reader.h"
#include "base/error.h"
#include "fuzz.h"

enum { ROOM = 64 };

typedef struct outcome {
  uint64_t sum; /* over all samples, in order */
  size_t count;
  int error;
  uint64_t error_at;
  bool truncated;
} outcome;

static outcome read_in_pieces(sip_str bytes, size_t piece, uint16_t channel) {
  audio_wav_reader r;
  outcome o = {0};
  int16_t out[ROOM];
  size_t len = bytes.len;
  audio_wav_reader_init(&r, channel);
  while (bytes.len > 0 && !r.error) {
    sip_str part = exact_copy(sip_str_make(bytes.ptr, bytes.len < piece ? bytes.len : piece));
    sip_str left = part;
    bytes = sip_str_make(bytes.ptr + part.len, bytes.len - part.len);
    while (left.len > 0 && !r.error) {
      size_t before = left.len;
      size_t count = audio_wav_reader_feed(&r, &left, out, ROOM);
      HOLDS(count <= ROOM && (count > 0 || left.len < before || r.error));
      for (size_t i = 0; i < count; i++) o.sum = o.sum * 31 + (uint16_t)out[i];
      o.count += count;
    }
    free_copy(part);
  }
  o.error = audio_wav_reader_finish(&r);
  o.error_at = r.error_at;
  o.truncated = r.truncated;
  HOLDS(r.at <= len && (!o.error || (r.error_what && r.error_at <= len)));
  HOLDS(o.count == 0 || (r.has_format && r.format.channels >= 1));
  return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  uint16_t channel = data[0] & 3;
  size_t piece = 1 + (data[0] >> 2);
  sip_str bytes = exact_copy(sip_str_make((const char *)data + 1, size - 1));
  outcome whole = read_in_pieces(bytes, SIZE_MAX, channel);
  outcome cut = read_in_pieces(bytes, piece, channel);
  HOLDS(whole.sum == cut.sum && whole.count == cut.count && whole.error == cut.error &&
        whole.error_at == cut.error_at && whole.truncated == cut.truncated);
  if (bytes.len >= 4 && memcmp(bytes.ptr, "RIFF", 4) == 0) {
    audio_load_error error;
    audio_clip *clip = audio_clip_load(
        bytes, &(audio_load){.rate = 8000, .max_seconds = 10, .channel = channel}, &error);
    HOLDS(clip || (error.code && error.what));
    audio_clip_unref(clip);
  }
  free_copy(bytes);
  return 0;
}
