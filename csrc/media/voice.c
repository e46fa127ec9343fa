/* SPDX-License-Identifier: MIT
 *
 * One block holds it all, laid out by a walk that is made twice: once to measure, once to
 * make. Pulling asks the jitter buffer for packets until a frame is full; what a longer
 * packet gives beyond it is kept for the next.
 */
#include "media/voice.h"

#include <stdalign.h>
#include <string.h>

#include "audio/level.h"
#include "base/error.h"

enum {
  WIDE_BAND = 16000,       /* Hz */
  PULLS_MAX = 8,           /* of the jitter buffer for one frame, which takes two of 10 ms */
  QUIET_LEVEL = 200,       /* mean amplitude */
  BYTES_PER_SECOND = 16000 /* of a codec whose rate varies: what one is likely to use */
};

/* --- Making ----------------------------------------------------------------------- */

typedef struct layout {
  char *base; /* NULL: only measured */
  size_t at;
} layout;

static void *place(layout *l, size_t size) {
  size_t unit = alignof(max_align_t);
  size_t at = l->at;
  l->at += (size + unit - 1) / unit * unit;
  return l->base ? l->base + at : NULL;
}

/* Calls are wide-band at most: a codec that could give more is asked for that. */
uint32_t media_voice_rate(const audio_codec *codec) {
  bool is_wider = codec->sample_rate > WIDE_BAND && audio_codec_takes_rate(codec, WIDE_BAND);
  return is_wider ? WIDE_BAND : codec->sample_rate;
}

static audio_codec_settings settings_for(const audio_codec *codec, sip_str fmtp) {
  return (audio_codec_settings){.sample_rate = media_voice_rate(codec), .fmtp = fmtp};
}

/* False when the codec cannot work so. */
static bool lay_codec(layout *l, media_voice *voice, const media_codec_choice *choice,
                      media_codec *out) {
  audio_codec_settings settings = settings_for(choice->codec, choice->own_fmtp);
  size_t size = audio_decoder_size(choice->codec, &settings);
  if (size == 0) return false;
  void *block = place(l, size);
  uint32_t rate = settings.sample_rate;
  size_t resampler_size = rate != voice->rate ? audio_resampler_size(rate, voice->rate) : 0;
  if (rate != voice->rate && resampler_size == 0) return false;
  void *resampler = resampler_size ? place(l, resampler_size) : NULL;
  if (!l->base) return true;
  *out = (media_codec){.codec = choice->codec,
                       .send = choice->send,
                       .receive = choice->receive,
                       .decoder = audio_decoder_init(block, choice->codec, &settings)};
  if (resampler) out->resampler = audio_resampler_init(resampler, rate, voice->rate);
  return out->decoder != NULL;
}

static size_t jitter_size(const media_voice_config *config) {
  uint32_t most = 0;
  for (size_t i = 0; i < config->count; i++) {
    uint32_t rate = config->choices[i].codec->byte_rate;
    if (rate == 0) rate = BYTES_PER_SECOND;
    if (rate > most) most = rate;
  }
  uint16_t max_ms = config->jitter_max_ms ? config->jitter_max_ms : RTP_JITTER_MAX_MS;
  return rtp_jitter_memory(most, max_ms);
}

/* The samples of the longest packet, behind those of a frame that is not full yet. */
static size_t pcm_room(uint32_t rate) {
  return audio_samples(rate, AUDIO_FRAME_MS_MAX) + media_frame_samples(rate) +
         audio_samples(rate, AUDIO_FRAME_MS_MIN);
}

/* The samples of the longest packet of a codec that is resampled; 0: none is. */
static size_t scratch_room(uint32_t rate, const media_voice_config *config) {
  size_t most = 0;
  for (size_t i = 0; i < config->count; i++) {
    uint32_t other = media_voice_rate(config->choices[i].codec);
    size_t samples = other == rate ? 0 : audio_samples(other, AUDIO_FRAME_MS_MAX);
    if (samples > most) most = samples;
  }
  return most;
}

/* Everything behind the struct itself; 0, or SIP_E_INVALID. */
static int lay(layout *l, media_voice *voice, const media_voice_config *config) {
  const audio_codec *first = config->choices[0].codec;
  audio_codec_settings settings = settings_for(first, config->choices[0].fmtp);
  size_t size = audio_encoder_size(first, &settings);
  if (size == 0) return SIP_E_INVALID;
  void *block = place(l, size);
  voice->jitter_size = jitter_size(config);
  voice->jitter_memory = place(l, voice->jitter_size);
  voice->room = pcm_room(voice->rate);
  voice->pcm = place(l, voice->room * sizeof *voice->pcm);
  size_t scratch = scratch_room(voice->rate, config);
  voice->scratch = scratch ? place(l, scratch * sizeof *voice->scratch) : NULL;
  voice->count = 0;
  for (size_t i = 0; i < config->count; i++) {
    bool fits = lay_codec(l, voice, &config->choices[i], &voice->codecs[voice->count]);
    if (fits) voice->count++;
    if (!fits && i == 0) return SIP_E_INVALID;
  }
  if (!l->base) return 0;
  voice->encoder = audio_encoder_init(block, first, &settings);
  return voice->encoder ? 0 : SIP_E_INVALID;
}

/* Silence looks the same each time when the codec remembers nothing. */
static void prepare_silence(media_voice *voice) {
  const audio_codec *codec = voice->codecs[0].codec;
  audio_codec_settings settings = settings_for(codec, (sip_str){0});
  bool has_state = codec->encoder_size && codec->encoder_size(&settings) > 0;
  if (has_state || codec->byte_rate == 0) return;
  memset(voice->pcm, 0, media_frame_samples(voice->rate) * sizeof *voice->pcm);
  audio_span zeros = audio_span_make(voice->pcm, media_frame_samples(voice->rate));
  voice->silence_len =
      audio_encoder_encode(voice->encoder, zeros, voice->silence, sizeof voice->silence);
}

static bool start_jitter(media_voice *voice, uint32_t clock_rate) {
  rtp_jitter_config config = {.clock_rate = clock_rate,
                              .min_ms = voice->jitter_min_ms,
                              .max_ms = voice->jitter_max_ms,
                              .noise_type = voice->noise_type,
                              .memory = voice->jitter_memory,
                              .memory_size = voice->jitter_size};
  return rtp_jitter_buffer_init(&voice->jitter, &config);
}

int media_voice_new(sip_alloc *alloc, const media_voice_config *config, media_voice **out) {
  if (config->count == 0) return SIP_E_INVALID;
  media_voice draft = {.rate = media_voice_rate(config->choices[0].codec),
                       .clock_rate = config->choices[0].codec->clock_rate,
                       .noise_type = config->noise_type,
                       .jitter_min_ms = config->jitter_min_ms,
                       .jitter_max_ms = config->jitter_max_ms};
  layout measure = {0};
  int error = lay(&measure, &draft, config);
  if (error) return error;
  size_t head = sizeof draft + alignof(max_align_t);
  draft.size = head + measure.at;
  char *block = sip_alloc_zero(alloc, draft.size);
  if (!block) return SIP_E_MEMORY;
  media_voice *voice = memcpy(block, &draft, sizeof draft);
  layout make = {.base = block + head - head % alignof(max_align_t)};
  error = lay(&make, voice, config);
  if (!error && !start_jitter(voice, voice->clock_rate)) error = SIP_E_INVALID;
  if (error) {
    media_voice_free(alloc, voice);
    return error;
  }
  prepare_silence(voice);
  *out = voice;
  return 0;
}

void media_voice_free(sip_alloc *alloc, media_voice *voice) {
  if (voice) sip_alloc_free(alloc, voice, voice->size);
}

bool media_voice_same(const media_voice *a, const media_voice *b) {
  bool same = a->count == b->count && a->noise_type == b->noise_type && a->size == b->size &&
              a->jitter_min_ms == b->jitter_min_ms && a->jitter_max_ms == b->jitter_max_ms;
  for (size_t i = 0; same && i < a->count; i++) {
    same = a->codecs[i].codec == b->codecs[i].codec && a->codecs[i].send == b->codecs[i].send &&
           a->codecs[i].receive == b->codecs[i].receive;
  }
  return same;
}

/* --- Receiving -------------------------------------------------------------------- */

const media_codec *media_voice_find(const media_voice *voice, uint8_t payload_type) {
  for (size_t i = 0; i < voice->count; i++) {
    if (voice->codecs[i].receive == payload_type) return &voice->codecs[i];
  }
  return NULL;
}

void media_voice_put(media_voice *voice, const rtp_packet *packet, const media_codec *codec,
                     rtp_time now) {
  if (!voice->is_running) return;
  uint32_t ticks = 0;
  if (codec) {
    sip_str payload = sip_str_make((const char *)packet->payload, packet->payload_len);
    ticks = audio_codec_duration(codec->codec, payload);
    if (codec->codec->clock_rate != voice->jitter.clock_rate) {
      start_jitter(voice, codec->codec->clock_rate);
    }
  }
  rtp_jitter_buffer_put(&voice->jitter, packet, ticks, now);
}

void media_voice_rest(media_voice *voice) {
  if (!voice->is_running) return;
  voice->is_running = false;
  voice->ready = voice->frame_len = 0;
}

/* How many samples of the codec's own rate so many ticks are. */
static size_t samples_of(const media_codec *codec, uint32_t ticks) {
  uint32_t rate = audio_decoder_rate(codec->decoder);
  size_t count = (size_t)((uint64_t)ticks * rate / codec->codec->clock_rate);
  size_t most = audio_samples(rate, AUDIO_FRAME_MS_MAX);
  return count < most ? count : most;
}

/* Behind what is ready; at most what there is room for. */
static void add(media_voice *voice, const media_codec *codec, const int16_t *samples,
                size_t count) {
  int16_t *to = voice->pcm + voice->ready;
  if (!codec->resampler) {
    if (samples != to) memmove(to, samples, count * sizeof *to);
    voice->ready += count;
    return;
  }
  if (audio_resampler_room(codec->resampler, count) > voice->room - voice->ready) return;
  voice->ready += audio_resampler_feed(codec->resampler, audio_span_make(samples, count), to);
}

/* Where a decoder writes: in place unless its samples are resampled first. */
static int16_t *target(media_voice *voice, const media_codec *codec, size_t *room) {
  *room = codec->resampler ? audio_samples(audio_decoder_rate(codec->decoder), AUDIO_FRAME_MS_MAX)
                           : voice->room - voice->ready;
  return codec->resampler ? voice->scratch : voice->pcm + voice->ready;
}

static void conceal(media_voice *voice, uint32_t ticks, bool next_is_there) {
  const media_codec *codec = voice->playing ? voice->playing : &voice->codecs[0];
  uint8_t peeked[MEDIA_SILENCE_MAX];
  size_t len = next_is_there ? rtp_jitter_buffer_peek(&voice->jitter, peeked, sizeof peeked) : 0;
  size_t room, count = samples_of(codec, ticks);
  int16_t *to = target(voice, codec, &room);
  if (count > room) count = room;
  audio_decoder_conceal(codec->decoder, sip_str_make((const char *)peeked, len), to, count);
  add(voice, codec, to, count);
}

static void decode(media_voice *voice, const rtp_jitter_frame *got, const uint8_t *payload) {
  const media_codec *codec = media_voice_find(voice, got->payload_type);
  sip_str bytes = sip_str_make((const char *)payload, got->len);
  if (!codec) { /* comfort noise */
    const media_codec *of = voice->playing ? voice->playing : &voice->codecs[0];
    audio_decoder_comfort(of->decoder, bytes);
    return;
  }
  voice->playing = codec;
  size_t room;
  int16_t *to = target(voice, codec, &room);
  size_t count = audio_decoder_decode(codec->decoder, bytes, to, room);
  if (count == 0) {
    conceal(voice, got->ticks, false);
  } else {
    add(voice, codec, to, count);
  }
}

/* Nothing is due: silence, or the noise that stands for it. */
static void rest(media_voice *voice, uint32_t ticks, size_t wanted) {
  const media_codec *codec = voice->playing ? voice->playing : &voice->codecs[0];
  size_t count = (size_t)((uint64_t)ticks * voice->rate / codec->codec->clock_rate);
  if (count == 0 || count > wanted) count = wanted;
  if (codec->resampler || !voice->playing) {
    memset(voice->pcm + voice->ready, 0, count * sizeof *voice->pcm);
  } else {
    audio_decoder_conceal(codec->decoder, (sip_str){0}, voice->pcm + voice->ready, count);
  }
  voice->ready += count;
}

static void ask(media_voice *voice, rtp_time now, size_t wanted) {
  uint8_t payload[AUDIO_PAYLOAD_MAX];
  rtp_jitter_request request = {
      .now = now, .quiet = voice->is_quiet, .room = payload, .size = sizeof payload};
  rtp_jitter_frame got;
  switch (rtp_jitter_buffer_get(&voice->jitter, &request, &got)) {
  case RTP_JITTER_FRAME:
    decode(voice, &got, payload);
    break;
  case RTP_JITTER_LOST:
    conceal(voice, got.ticks, got.mendable);
    break;
  case RTP_JITTER_NOTHING:
    rest(voice, got.ticks, wanted);
    break;
  }
}

void media_voice_pull(media_voice *voice, rtp_time now, media_frame *frame) {
  if (!voice->is_running) {
    voice->is_running = true;
    voice->playing = NULL;
    start_jitter(voice, voice->jitter.clock_rate);
  }
  voice->ready -= voice->frame_len;
  memmove(voice->pcm, voice->pcm + voice->frame_len, voice->ready * sizeof *voice->pcm);
  size_t count = media_frame_samples(voice->rate);
  for (int i = 0; voice->ready < count && i < PULLS_MAX; i++) {
    ask(voice, now, count - voice->ready);
  }
  if (voice->ready < count) {
    memset(voice->pcm + voice->ready, 0, (count - voice->ready) * sizeof *voice->pcm);
    voice->ready = count;
  }
  voice->frame_len = count;
  voice->is_quiet = audio_magnitude(audio_span_make(voice->pcm, count)) < QUIET_LEVEL * count;
  *frame = (media_frame){.rate = voice->rate, .count = count, .samples = voice->pcm};
}
