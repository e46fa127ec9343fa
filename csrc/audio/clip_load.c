/* SPDX-License-Identifier: MIT
 *
 * Looks at the first bytes, reads piece by piece, and converts on the way.
 */
#include "audio/clip_load.h"

#include "audio/resampler.h"
#include "audio/wav_reader.h"
#include "base/error.h"
#ifdef HAVE_SNDFILE
#include "audio/sound_file.h"
#endif

enum { PIECE = 1024 }; /* samples */

/* Where samples go: into the clip, through a resampler if the rates differ. */
typedef struct sink {
  const audio_load *load;
  audio_clip *clip;
  sip_alloc alloc;
  audio_resampler *resampler;
  size_t resampler_size;
  size_t skip; /* samples that are nothing but delay */
  int16_t *converted;
  size_t converted_size;
} sink;

static int open_resampler(sink *s, uint32_t from, uint32_t to) {
  s->resampler_size = audio_resampler_size(from, to);
  if (s->resampler_size == 0) return SIP_E_INVALID;
  s->resampler = sip_alloc_new(&s->alloc, s->resampler_size);
  if (!s->resampler) return SIP_E_MEMORY;
  audio_resampler_init(s->resampler, from, to);
  s->skip = audio_resampler_delay(s->resampler);
  s->converted_size = audio_resampler_room(s->resampler, PIECE) * sizeof *s->converted;
  s->converted = sip_alloc_new(&s->alloc, s->converted_size);
  return s->converted ? 0 : SIP_E_MEMORY;
}

static int sink_open(sink *s, uint32_t rate) {
  uint32_t wanted = s->load->rate ? s->load->rate : rate;
  s->clip = audio_clip_new(s->load->fn, s->load->context, wanted, s->load->max_seconds);
  if (!s->clip) return SIP_E_MEMORY;
  return wanted == rate ? 0 : open_resampler(s, rate, wanted);
}

static int sink_write(sink *s, audio_span samples) {
  if (!s->resampler) return audio_clip_append(s->clip, samples);
  size_t count = audio_resampler_feed(s->resampler, samples, s->converted);
  size_t drop = s->skip < count ? s->skip : count;
  s->skip -= drop;
  return audio_clip_append(s->clip, audio_span_make(s->converted + drop, count - drop));
}

/* What is still inside the resampler, by as much silence as that is long. */
static int sink_finish(sink *s, uint32_t rate) {
  if (!s->resampler) return 0;
  int16_t silence[PIECE] = {0};
  size_t delay = audio_resampler_delay(s->resampler);
  uint32_t wanted = audio_clip_rate(s->clip);
  uint64_t left = ((uint64_t)delay * rate + wanted - 1) / wanted;
  int error = 0;
  while (left > 0 && !error) {
    size_t count = left < PIECE ? (size_t)left : PIECE;
    error = sink_write(s, audio_span_make(silence, count));
    left -= count;
  }
  return error;
}

static void sink_close(sink *s) {
  sip_alloc_free(&s->alloc, s->resampler, s->resampler_size);
  sip_alloc_free(&s->alloc, s->converted, s->converted_size);
}

static int fail(audio_load_error *error, int code, uint64_t at, const char *what) {
  *error = (audio_load_error){.code = code, .at = at, .what = what};
  return code;
}

static int read_wav(sink *s, sip_str bytes, audio_load_error *error) {
  audio_wav_reader reader;
  audio_wav_reader_init(&reader, s->load->channel);
  int16_t piece[PIECE];
  int code = 0;
  while (!code && bytes.len > 0 && !reader.error) {
    size_t count = audio_wav_reader_feed(&reader, &bytes, piece, PIECE);
    if (count == 0) continue;
    if (!s->clip) code = sink_open(s, reader.format.rate);
    if (!code) code = sink_write(s, audio_span_make(piece, count));
  }
  if (!code && audio_wav_reader_finish(&reader)) {
    return fail(error, reader.error, reader.error_at, reader.error_what);
  }
  if (!code && !s->clip) return fail(error, SIP_E_AUDIO, reader.at, "no samples");
  if (!code) code = sink_finish(s, reader.format.rate);
  return code ? fail(error, code, 0, sip_error_text(code)) : 0;
}

static int read_other(sink *s, sip_str bytes, audio_load_error *error) {
#ifdef HAVE_SNDFILE
  const char *what;
  audio_sound_file *file = audio_sound_file_open(bytes, s->load->channel, &what);
  if (!file) return fail(error, SIP_E_AUDIO, 0, what);
  uint32_t rate = audio_sound_file_rate(file);
  int16_t piece[PIECE];
  size_t count;
  int code = sink_open(s, rate);
  while (!code && (count = audio_sound_file_read(file, piece, PIECE)) > 0) {
    code = sink_write(s, audio_span_make(piece, count));
  }
  if (!code) code = sink_finish(s, rate);
  audio_sound_file_close(file);
  if (!code && audio_clip_samples(s->clip).len == 0) {
    return fail(error, SIP_E_AUDIO, 0, "no samples");
  }
  return code ? fail(error, code, 0, sip_error_text(code)) : 0;
#else
  (void)s, (void)bytes;
  return fail(error, SIP_E_AUDIO, 0,
              "not a WAV file; for others install libsndfile1-dev and build again");
#endif
}

static bool is_wav(sip_str bytes) {
  return bytes.len < 4 || memcmp(bytes.ptr, "RIF", 3) == 0 || memcmp(bytes.ptr, "RF64", 4) == 0;
}

audio_clip *audio_clip_load(sip_str bytes, const audio_load *load, audio_load_error *error) {
  sink s = {.load = load};
  sip_alloc_init(&s.alloc, load->fn, load->context);
  int code = is_wav(bytes) ? read_wav(&s, bytes, error) : read_other(&s, bytes, error);
  sink_close(&s);
  if (!code) return s.clip;
  audio_clip_unref(s.clip);
  return NULL;
}
