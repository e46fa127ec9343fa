/* SPDX-License-Identifier: MIT
 *
 * The list of codecs, and those that are no more than a table: PCMU, PCMA, L16.
 */
#include "audio/codec.h"

#include "audio/g711.h"
#include "audio/l16.h"
#include "base/error.h"
#ifdef HAVE_OPUS
#include "audio/opus.h"
#endif
#ifdef HAVE_SPANDSP
#include "audio/g722.h"
#endif

static const uint8_t *bytes_of(sip_str payload) {
  return (const uint8_t *)payload.ptr;
}

static size_t pcmu_encode(void *state, audio_span in, uint8_t *out, size_t room) {
  (void)state;
  if (in.len > room) return 0;
  audio_ulaw_encode(in, out);
  return in.len;
}

static size_t pcmu_decode(void *state, sip_str payload, int16_t *out, size_t room) {
  (void)state;
  if (payload.len > room) return 0;
  audio_ulaw_decode(bytes_of(payload), payload.len, out);
  return payload.len;
}

static size_t pcma_encode(void *state, audio_span in, uint8_t *out, size_t room) {
  (void)state;
  if (in.len > room) return 0;
  audio_alaw_encode(in, out);
  return in.len;
}

static size_t pcma_decode(void *state, sip_str payload, int16_t *out, size_t room) {
  (void)state;
  if (payload.len > room) return 0;
  audio_alaw_decode(bytes_of(payload), payload.len, out);
  return payload.len;
}

static size_t l16_encode(void *state, audio_span in, uint8_t *out, size_t room) {
  (void)state;
  if (in.len > room / 2) return 0;
  audio_l16_encode(in, out);
  return in.len * 2;
}

static size_t l16_decode(void *state, sip_str payload, int16_t *out, size_t room) {
  (void)state;
  if (payload.len % 2 || payload.len / 2 > room) return 0;
  audio_l16_decode(bytes_of(payload), payload.len / 2, out);
  return payload.len / 2;
}

#define NAME(literal) \
  { literal, sizeof(literal) - 1 }

#define G711(text, type, law)                                                                  \
  {                                                                                            \
    .version = AUDIO_CODEC_VERSION, .payload_type = (type), .channels = 1, .clock_rate = 8000, \
    .sample_rate = 8000, .byte_rate = 8000, .name = NAME(text), .encode = law##_encode,        \
    .decode = law##_decode,                                                                    \
  }

#define L16(rate, type)                                                                          \
  {                                                                                              \
    .version = AUDIO_CODEC_VERSION, .payload_type = (type), .channels = 1, .clock_rate = (rate), \
    .sample_rate = (rate), .byte_rate = (rate)*2, .name = NAME("L16"), .encode = l16_encode,     \
    .decode = l16_decode,                                                                        \
  }

/* RFC 3551 table 4 */
static const audio_codec tables[] = {
    G711("PCMA", 8, pcma),     G711("PCMU", 0, pcmu),     L16(16000, AUDIO_DYNAMIC),
    L16(8000, AUDIO_DYNAMIC),  L16(48000, AUDIO_DYNAMIC), L16(44100, 11),
    L16(32000, AUDIO_DYNAMIC), L16(24000, AUDIO_DYNAMIC),
};

void audio_codecs_init(audio_codecs *codecs) {
  codecs->count = 0;
#ifdef HAVE_OPUS
  codecs->list[codecs->count++] = &audio_codec_opus;
#endif
#ifdef HAVE_SPANDSP
  codecs->list[codecs->count++] = &audio_codec_g722;
#endif
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    codecs->list[codecs->count++] = &tables[i];
  }
}

static bool is_whole(const audio_codec *codec) {
  return codec->version == AUDIO_CODEC_VERSION && codec->name.len > 0 && codec->clock_rate > 0 &&
         codec->channels > 0 && codec->sample_rate >= AUDIO_RATE_MIN &&
         codec->sample_rate <= AUDIO_LIVE_RATE_MAX && codec->encode && codec->decode &&
         (codec->byte_rate > 0 || codec->duration);
}

int audio_codecs_add(audio_codecs *codecs, const audio_codec *codec) {
  if (!is_whole(codec)) return SIP_E_INVALID;
  if (audio_codecs_find(codecs, codec->name, codec->clock_rate, codec->channels)) {
    return SIP_E_STATE;
  }
  if (codecs->count == AUDIO_CODECS_MAX) return SIP_E_LIMIT;
  codecs->list[codecs->count++] = codec;
  return 0;
}

const audio_codec *audio_codecs_find(const audio_codecs *codecs, sip_str name, uint32_t clock_rate,
                                     uint8_t channels) {
  for (size_t i = 0; i < codecs->count; i++) {
    const audio_codec *codec = codecs->list[i];
    if (clock_rate && codec->clock_rate != clock_rate) continue;
    if (channels && codec->channels != channels) continue;
    if (sip_str_equal_nocase(codec->name, name)) return codec;
  }
  return NULL;
}

const char *audio_codec_missing(sip_str name) {
#ifndef HAVE_OPUS
  if (sip_str_equal_nocase(name, SIP_STR("opus"))) {
    return "built without opus: install libopus-dev and build again";
  }
#endif
#ifndef HAVE_SPANDSP
  if (sip_str_equal_nocase(name, SIP_STR("G722"))) {
    return "built without G722: install libspandsp-dev and build again";
  }
#endif
  (void)name;
  return NULL;
}

bool audio_codec_takes_rate(const audio_codec *codec, uint32_t rate) {
  return rate == codec->sample_rate || (codec->takes_rate && codec->takes_rate(rate));
}

bool audio_codec_takes_ptime(const audio_codec *codec, uint32_t ms) {
  if (ms < AUDIO_FRAME_MS_MIN || ms > AUDIO_FRAME_MS_MAX) return false;
  return codec->takes_ptime ? codec->takes_ptime(ms) : true;
}

bool audio_codec_complete(const audio_codec *codec, const audio_codec_settings *settings,
                          audio_codec_settings *out) {
  *out = settings ? *settings : (audio_codec_settings){0};
  if (out->sample_rate == 0) out->sample_rate = codec->sample_rate;
  return audio_codec_takes_rate(codec, out->sample_rate);
}

size_t audio_codec_payload_size(const audio_codec *codec, uint32_t ms) {
  return audio_samples(codec->byte_rate, ms);
}

uint32_t audio_codec_duration(const audio_codec *codec, sip_str payload) {
  if (codec->duration) return codec->duration(payload);
  return (uint32_t)((uint64_t)payload.len * codec->clock_rate / codec->byte_rate);
}
