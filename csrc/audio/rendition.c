/* SPDX-License-Identifier: MIT
 *
 * One block each: this struct, then the ends of payloads if their size varies, then
 * samples or payloads.
 */
#include "audio/rendition.h"

#include "audio/encoder.h"
#include "audio/resampler.h"

enum {
  PTIME_MS = 20,
  PIECE = 1024, /* samples that are resampled at a time */
};

struct audio_rendition {
  audio_rendering what;
  sip_alloc alloc;
  size_t size;          /* of this block */
  uint64_t length_ms;   /* of the sound */
  size_t count;         /* samples, or payloads */
  const uint32_t *ends; /* of payloads in `bytes`; NULL when each has payload_size */
  size_t payload_size;
  const char *bytes;
  const int16_t *samples;
};

/* A byte or more for each tick of the clock: it can be cut anywhere. */
static bool is_sliced(const audio_codec *codec) {
  return codec->byte_rate >= codec->clock_rate;
}

audio_rendering audio_rendering_complete(const audio_rendering *what, uint32_t rate) {
  audio_rendering full = *what;
  full.settings.fmtp = (sip_str){0};
  if (full.settings.sample_rate == 0) {
    full.settings.sample_rate = full.codec ? full.codec->sample_rate : rate;
  }
  if (full.ptime_ms == 0 || !full.codec || is_sliced(full.codec)) full.ptime_ms = PTIME_MS;
  return full;
}

bool audio_rendering_same(const audio_rendering *a, const audio_rendering *b) {
  const audio_codec_settings *x = &a->settings, *y = &b->settings;
  return a->codec == b->codec && a->ptime_ms == b->ptime_ms && x->sample_rate == y->sample_rate &&
         x->bit_rate == y->bit_rate && x->complexity == y->complexity &&
         x->loss_percent == y->loss_percent;
}

/* A block with `extra` bytes behind the struct. */
static audio_rendition *new_block(const audio_rendering *what, const sip_alloc *from,
                                  size_t extra) {
  sip_alloc alloc;
  sip_alloc_init(&alloc, from->fn, from->context);
  audio_rendition *rendition = sip_alloc_zero(&alloc, sizeof *rendition + extra);
  if (!rendition) return NULL;
  rendition->what = *what;
  rendition->size = sizeof *rendition + extra;
  rendition->alloc = alloc;
  return rendition;
}

void audio_rendition_free(audio_rendition *rendition) {
  if (!rendition) return;
  sip_alloc alloc = rendition->alloc;
  sip_alloc_free(&alloc, rendition, rendition->size);
}

/* ---- samples */

/* Samples of the sound, then silence, as many as are wanted; without the delay. */
static void resample_all(audio_resampler *resampler, audio_span sound, int16_t *out, size_t count) {
  int16_t silence[64] = {0}, piece[PIECE];
  size_t skip = audio_resampler_delay(resampler), made = 0;
  while (made < count) {
    size_t most = 64;
    while (most > 1 && audio_resampler_room(resampler, most) > PIECE) most /= 2;
    audio_span in = sound.len > 0 ? sound : audio_span_make(silence, most);
    if (in.len > most) in.len = most;
    if (sound.len > 0) audio_span_drop(&sound, in.len);
    size_t got = audio_resampler_feed(resampler, in, piece);
    size_t drop = skip < got ? skip : got;
    skip -= drop;
    got -= drop;
    if (got > count - made) got = count - made;
    memcpy(out + made, piece + drop, got * sizeof *out);
    made += got;
  }
}

static size_t samples_at(audio_span sound, uint32_t from, uint32_t to) {
  return (size_t)(((uint64_t)sound.len * to + from - 1) / from);
}

static audio_rendition *render_samples(const audio_rendering *what, audio_span sound, uint32_t rate,
                                       const sip_alloc *alloc) {
  uint32_t wanted = what->settings.sample_rate;
  bool as_is = wanted == rate;
  size_t size = audio_resampler_size(rate, wanted);
  if (size == 0) return NULL;
  size_t count = as_is ? sound.len : samples_at(sound, rate, wanted);
  audio_rendition *rendition = new_block(what, alloc, as_is ? 0 : count * sizeof(int16_t));
  if (!rendition) return NULL;
  rendition->count = count;
  rendition->samples = sound.ptr;
  if (as_is) return rendition;
  sip_alloc own = rendition->alloc;
  void *block = sip_alloc_new(&own, size);
  audio_resampler *resampler = audio_resampler_init(block, rate, wanted);
  if (resampler) {
    int16_t *out = (int16_t *)(void *)(rendition + 1);
    resample_all(resampler, sound, out, count);
    rendition->samples = out;
  } else {
    audio_rendition_free(rendition);
    rendition = NULL;
  }
  sip_alloc_free(&own, block, size);
  return rendition;
}

/* ---- payloads */

typedef struct payloads {
  audio_encoder *encoder;
  audio_span in;
  size_t frame; /* samples */
  sip_buffer ends, bytes;
} payloads;

/* The next frame; after the sound's end silence. False when it cannot be encoded. */
static bool encode_next(payloads *p) {
  int16_t padded[AUDIO_FRAME_MAX] = {0};
  audio_span frame = audio_span_make(p->in.ptr, p->frame);
  if (p->in.len < p->frame) {
    if (p->in.len > 0) memcpy(padded, p->in.ptr, p->in.len * sizeof *padded);
    frame.ptr = padded;
    p->in.len = 0;
  } else {
    audio_span_drop(&p->in, p->frame);
  }
  char *room = sip_buffer_reserve(&p->bytes, AUDIO_PAYLOAD_MAX);
  if (!room) return false;
  size_t len = audio_encoder_encode(p->encoder, frame, (uint8_t *)room, AUDIO_PAYLOAD_MAX);
  p->bytes.len += len;
  uint32_t end = (uint32_t)p->bytes.len;
  sip_buffer_add(&p->ends, sip_str_make((const char *)&end, sizeof end));
  return len > 0 && !p->ends.failed;
}

static bool encode_all(payloads *p, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!encode_next(p)) return false;
  }
  return true;
}

static audio_rendition *pack(const audio_rendering *what, const payloads *p,
                             const sip_alloc *alloc) {
  bool varies = what->codec->byte_rate == 0;
  size_t ends = varies ? p->ends.len : 0;
  audio_rendition *rendition = new_block(what, alloc, ends + p->bytes.len);
  if (!rendition) return NULL;
  char *at = (char *)(rendition + 1);
  if (varies) memcpy(at, p->ends.ptr, ends);
  memcpy(at + ends, p->bytes.ptr, p->bytes.len);
  rendition->ends = varies ? (const uint32_t *)(const void *)at : NULL;
  rendition->bytes = at + ends;
  rendition->count = p->ends.len / sizeof(uint32_t);
  rendition->payload_size = audio_codec_payload_size(what->codec, what->ptime_ms);
  return rendition;
}

/* What is cut anywhere has silence for the longest payload behind its end. */
static size_t count_payloads(const audio_rendering *what, audio_span in) {
  size_t frame = audio_samples(what->settings.sample_rate, what->ptime_ms);
  size_t count = (in.len + frame - 1) / frame;
  return is_sliced(what->codec) ? count + AUDIO_FRAME_MS_MAX / PTIME_MS : count;
}

static audio_rendition *encode(const audio_rendering *what, audio_span in, const sip_alloc *from) {
  sip_alloc alloc;
  sip_alloc_init(&alloc, from->fn, from->context);
  size_t size = audio_encoder_size(what->codec, &what->settings);
  void *block = size ? sip_alloc_new(&alloc, size) : NULL;
  payloads p = {.in = in, .frame = audio_samples(what->settings.sample_rate, what->ptime_ms)};
  p.encoder = audio_encoder_init(block, what->codec, &what->settings);
  sip_buffer_init(&p.ends, &alloc, 0);
  sip_buffer_init(&p.bytes, &alloc, UINT32_MAX);
  audio_rendition *rendition = NULL;
  if (p.encoder && encode_all(&p, count_payloads(what, in))) rendition = pack(what, &p, &alloc);
  sip_buffer_deinit(&p.bytes);
  sip_buffer_deinit(&p.ends);
  if (block) sip_alloc_free(&alloc, block, size);
  return rendition;
}

audio_rendition *audio_rendition_new(const audio_rendering *what, audio_span sound, uint32_t rate,
                                     const sip_alloc *alloc) {
  if (what->ptime_ms < AUDIO_FRAME_MS_MIN || what->ptime_ms > AUDIO_FRAME_MS_MAX) return NULL;
  audio_rendering plain = {.settings.sample_rate = what->settings.sample_rate,
                           .ptime_ms = PTIME_MS};
  audio_rendition *samples = render_samples(&plain, sound, rate, alloc);
  if (!samples) return NULL;
  audio_rendition *rendition = samples;
  if (what->codec) {
    rendition = encode(what, audio_rendition_samples(samples), alloc);
    audio_rendition_free(samples);
  }
  if (rendition) rendition->length_ms = ((uint64_t)sound.len * 1000 + rate - 1) / rate;
  return rendition;
}

const audio_rendering *audio_rendition_what(const audio_rendition *rendition) {
  return &rendition->what;
}

size_t audio_rendition_bytes(const audio_rendition *rendition) {
  return rendition->size;
}

audio_span audio_rendition_samples(const audio_rendition *rendition) {
  return audio_span_make(rendition->samples, rendition->samples ? rendition->count : 0);
}

static sip_str slice(const audio_rendition *r, uint64_t from_ms, uint32_t ptime_ms) {
  uint32_t clock = r->what.codec->clock_rate;
  uint32_t size = r->what.codec->byte_rate / clock; /* of a tick */
  uint64_t first = clock * from_ms / 1000 * size;
  size_t len = audio_samples(clock, ptime_ms) * size;
  if (ptime_ms > AUDIO_FRAME_MS_MAX) return (sip_str){0};
  return sip_str_make(r->bytes + first, len);
}

sip_str audio_rendition_payload(const audio_rendition *rendition, uint64_t from_ms,
                                uint32_t ptime_ms) {
  const audio_rendition *r = rendition;
  if (!r->what.codec || from_ms >= r->length_ms) return (sip_str){0};
  if (is_sliced(r->what.codec)) return slice(r, from_ms, ptime_ms);
  if (ptime_ms != r->what.ptime_ms || from_ms % ptime_ms) return (sip_str){0};
  size_t index = (size_t)(from_ms / ptime_ms);
  if (!r->ends) return sip_str_make(r->bytes + index * r->payload_size, r->payload_size);
  uint32_t from = index ? r->ends[index - 1] : 0;
  return sip_str_make(r->bytes + from, r->ends[index] - from);
}
