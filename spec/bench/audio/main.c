/* SPDX-License-Identifier: MIT
 *
 * Frames of 20 ms through one function of audio: main CASE COUNT. What is measured is
 * bench_pass and below it, all of COUNT frames; the sound is speech-like: harmonics of a
 * voice that come and go.
 */
#include <math.h>
#include <spandsp.h>
#include <speex/speex_resampler.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/answering.h"
#include "audio/comfort_noise.h"
#include "audio/decoder.h"
#include "audio/dtmf_detector.h"
#include "audio/encoder.h"
#include "audio/gain.h"
#include "audio/level.h"
#include "audio/mixer.h"
#include "audio/noise_meter.h"
#include "audio/plc.h"
#include "audio/progress_detector.h"
#include "audio/resampler.h"
#include "audio/silence.h"
#include "audio/tone_detector.h"
#include "audio/tone_generator.h"

enum { FRAMES = 50, MEMBERS = 8 };

typedef struct bench bench;
struct bench {
  uint32_t rate; /* of the samples */
  size_t frame;
  int16_t in[FRAMES][AUDIO_FRAME_MAX];
  int16_t out[AUDIO_FRAME_MAX * 8];
  uint8_t bytes[FRAMES][AUDIO_PAYLOAD_MAX];
  size_t lens[FRAMES];
  int at;
  void *object;
  audio_codecs codecs;
  union {
    audio_dtmf_detector dtmf;
    audio_tone_detector tone;
    audio_progress_detector progress;
    audio_silence silence;
    audio_answering answering;
    audio_comfort_noise noise;
    audio_noise_meter meter;
    audio_tone_generator generator;
    audio_mixer mixer;
  } is;
};

typedef struct test {
  const char *name;
  uint32_t rate;
  const char *argument;
  void (*prepare)(bench *b, const char *argument);
  void (*frame)(bench *b);
} test;

static void *block(size_t size) {
  void *made = aligned_alloc(64, (size + 63) / 64 * 64);
  if (!made || size == 0) abort();
  return made;
}

static int16_t *in(bench *b) {
  b->at = (b->at + 1) % FRAMES;
  return b->in[b->at];
}

static audio_span span(bench *b) {
  return audio_span_make(in(b), b->frame);
}

static void make_voice(bench *b) {
  for (size_t i = 0; i < FRAMES * b->frame; i++) {
    double t = (double)i / b->rate, value = 0;
    for (int h = 1; h < 20; h++) value += sin(6.2832 * 117 * h * t) * 4000 / h;
    double loud = sin(6.2832 * 2 * t);
    b->in[i / b->frame][i % b->frame] =
        audio_saturate((int32_t)(value * (loud > 0 ? loud : 0.002)));
  }
}

/* --- codecs: "NAME", and the same with its samples at b->rate */

static const audio_codec *codec_of(bench *b, const char *name) {
  audio_codecs_init(&b->codecs);
  const audio_codec *codec = audio_codecs_find(&b->codecs, sip_str_make(name, strlen(name)), 0, 0);
  if (!codec) abort();
  return codec;
}

static void prepare_encoder(bench *b, const char *name) {
  audio_codec_settings s = {.sample_rate = b->rate};
  const audio_codec *codec = codec_of(b, name);
  b->object = audio_encoder_init(block(audio_encoder_size(codec, &s)), codec, &s);
}

static void encode(bench *b) {
  size_t len = audio_encoder_encode(b->object, span(b), b->bytes[b->at], AUDIO_PAYLOAD_MAX);
  b->lens[b->at] = len;
}

static void prepare_decoder(bench *b, const char *name) {
  audio_codec_settings s = {.sample_rate = b->rate};
  const audio_codec *codec = codec_of(b, name);
  prepare_encoder(b, name);
  for (int i = 0; i < FRAMES; i++) encode(b);
  b->object = audio_decoder_init(block(audio_decoder_size(codec, &s)), codec, &s);
}

static void decode(bench *b) {
  b->at = (b->at + 1) % FRAMES;
  sip_str payload = sip_str_make((const char *)b->bytes[b->at], b->lens[b->at]);
  audio_decoder_decode(b->object, payload, b->out, AUDIO_FRAME_MAX);
}

/* --- ours */

static void prepare_plc(bench *b, const char *argument) {
  (void)argument;
  b->object = audio_plc_init(block(audio_plc_size(b->rate)), b->rate);
}

/* A gap of one frame after each other frame: both halves count. */
static void conceal(bench *b) {
  int16_t *samples = in(b);
  if (b->at % 2) {
    audio_plc_conceal(b->object, b->out, b->frame);
  } else {
    audio_plc_receive(b->object, samples, b->frame);
  }
}

static void prepare_resampler(bench *b, const char *to) {
  uint32_t rate = (uint32_t)strtoul(to, NULL, 10);
  b->object = audio_resampler_init(block(audio_resampler_size(b->rate, rate)), b->rate, rate);
}

static void resample(bench *b) {
  audio_resampler_feed(b->object, span(b), b->out);
}

static void prepare_detector(bench *b, const char *name) {
  audio_tone tone;
  switch (name[0]) {
  case 'd':
    audio_dtmf_detector_init(&b->is.dtmf, b->rate, NULL);
    break;
  case 't':
    audio_tone_detector_init(&b->is.tone, b->rate, NULL);
    break;
  case 'p':
    audio_progress_detector_init(&b->is.progress, b->rate);
    break;
  case 's':
    audio_silence_init(&b->is.silence, b->rate, NULL);
    break;
  case 'a':
    audio_answering_init(&b->is.answering, b->rate,
                         &(audio_answering_settings){.greeting = UINT32_MAX,
                                                     .total = UINT32_MAX,
                                                     .max_words = UINT32_MAX,
                                                     .initial_silence = UINT32_MAX,
                                                     .after_greeting_silence = UINT32_MAX});
    break;
  case 'n':
    audio_comfort_noise_init(&b->is.noise, 1);
    audio_comfort_noise_set(&b->is.noise, SIP_STR("\x28\x60\x70\x80\x90\x7f\x7a\x80\x71"));
    break;
  case 'm':
    audio_noise_meter_init(&b->is.meter);
    break;
  default:
    audio_tone_parse(SIP_STR("440+480"), &tone, NULL);
    audio_tone_generator_init(&b->is.generator, &tone, b->rate);
  }
}

static void dtmf(bench *b) {
  audio_dtmf_event event;
  audio_span s = span(b);
  while (audio_dtmf_detector_feed(&b->is.dtmf, &s, &event)) {
  }
}

static void tone(bench *b) {
  audio_tone_event event;
  audio_span s = span(b);
  while (audio_tone_detector_feed(&b->is.tone, &s, &event)) {
  }
}

static void progress(bench *b) {
  audio_progress_event event;
  audio_span s = span(b);
  while (audio_progress_detector_feed(&b->is.progress, &s, &event)) {
  }
}

static void silence(bench *b) {
  audio_silence_event event;
  audio_span s = span(b);
  while (audio_silence_feed(&b->is.silence, &s, &event)) {
  }
}

static void answering(bench *b) {
  audio_answering_feed(&b->is.answering, span(b));
}

static void make_noise(bench *b) {
  audio_comfort_noise_make(&b->is.noise, b->out, b->frame);
}

static void meter(bench *b) {
  audio_noise_meter_feed(&b->is.meter, span(b));
}

static void generate(bench *b) {
  audio_tone_generator_make(&b->is.generator, b->out, b->frame);
}

static void nothing(bench *b, const char *argument) {
  (void)b, (void)argument;
}

static void prepare_gain(bench *b, const char *argument) {
  static audio_gain gain;
  gain = audio_gain_of_db(strtod(argument, NULL));
  b->object = &gain;
}

static void gain(bench *b) {
  memcpy(b->out, in(b), b->frame * sizeof *b->out);
  audio_gain_apply(*(audio_gain *)b->object, b->out, b->frame);
}

static void level(bench *b) {
  b->out[0] = audio_level(span(b));
}

/* A conference of eight in which all speak. */
static void mix(bench *b) {
  audio_mixer_begin(&b->is.mixer, b->frame);
  for (int i = 0; i < MEMBERS; i++) audio_mixer_add(&b->is.mixer, b->in[i]);
  for (int i = 0; i < MEMBERS; i++) audio_mixer_take(&b->is.mixer, b->in[i], NULL, b->out);
}

/* --- theirs */

static void heard(void *context, const char *digits, int count) {
  (void)context, (void)digits, (void)count;
}

static void prepare_dtmf_rx(bench *b, const char *argument) {
  (void)argument;
  b->object = dtmf_rx_init(NULL, heard, NULL);
}

static void their_dtmf(bench *b) {
  dtmf_rx(b->object, in(b), (int)b->frame);
}

static void prepare_speex(bench *b, const char *to) {
  int error;
  b->object = speex_resampler_init(1, b->rate, (spx_uint32_t)strtoul(to, NULL, 10), 3, &error);
}

static void their_resample(bench *b) {
  spx_uint32_t count = (spx_uint32_t)b->frame, room = sizeof b->out / sizeof *b->out;
  speex_resampler_process_int(b->object, 0, in(b), &count, b->out, &room);
}

static void prepare_their_plc(bench *b, const char *argument) {
  (void)argument;
  b->object = plc_init(NULL);
}

static void their_plc(bench *b) {
  int16_t *samples = in(b);
  if (b->at % 2) {
    plc_fillin(b->object, b->out, (int)b->frame);
  } else {
    plc_rx(b->object, samples, (int)b->frame);
  }
}

static const test tests[] = {
    {"PCMU encode", 8000, "PCMU", prepare_encoder, encode},
    {"PCMU decode", 8000, "PCMU", prepare_decoder, decode},
    {"PCMA encode", 8000, "PCMA", prepare_encoder, encode},
    {"PCMA decode", 8000, "PCMA", prepare_decoder, decode},
    {"L16 encode", 16000, "L16", prepare_encoder, encode},
    {"L16 decode", 16000, "L16", prepare_decoder, decode},
    {"G722 encode", 16000, "G722", prepare_encoder, encode},
    {"G722 decode", 16000, "G722", prepare_decoder, decode},
    {"opus encode", 16000, "opus", prepare_encoder, encode},
    {"opus decode", 16000, "opus", prepare_decoder, decode},
    {"plc", 8000, "", prepare_plc, conceal},
    {"plc spandsp", 8000, "", prepare_their_plc, their_plc},
    {"resample 8 to 16", 8000, "16000", prepare_resampler, resample},
    {"resample 8 to 16 speexdsp", 8000, "16000", prepare_speex, their_resample},
    {"resample 16 to 8", 16000, "8000", prepare_resampler, resample},
    {"resample 16 to 8 speexdsp", 16000, "8000", prepare_speex, their_resample},
    {"resample 48 to 8", 48000, "8000", prepare_resampler, resample},
    {"resample 48 to 8 speexdsp", 48000, "8000", prepare_speex, their_resample},
    {"dtmf", 8000, "d", prepare_detector, dtmf},
    {"dtmf spandsp", 8000, "", prepare_dtmf_rx, their_dtmf},
    {"tone", 8000, "t", prepare_detector, tone},
    {"progress", 8000, "p", prepare_detector, progress},
    {"silence", 8000, "s", prepare_detector, silence},
    {"answering", 8000, "a", prepare_detector, answering},
    {"comfort noise", 8000, "n", prepare_detector, make_noise},
    {"noise meter", 8000, "m", prepare_detector, meter},
    {"tone generator", 8000, "g", prepare_detector, generate},
    {"gain", 8000, "-6", prepare_gain, gain},
    {"level", 8000, "", nothing, level},
    {"mixer of 8", 8000, "", nothing, mix},
};

__attribute__((noinline)) static void bench_pass(bench *b, void (*frame)(bench *), long count) {
  for (long i = 0; i < count; i++) frame(b);
}

int main(int argc, char **argv) {
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
    const test *t = &tests[i];
    if (argc < 3) {
      puts(t->name);
    } else if (strcmp(argv[1], t->name) == 0) {
      bench *b = calloc(1, sizeof *b);
      if (!b) return 1;
      b->rate = t->rate;
      b->frame = audio_samples(t->rate, 20);
      make_voice(b);
      t->prepare(b, t->argument);
      if (!b->object && !t->argument) return 1;
      bench_pass(b, t->frame, strtol(argv[2], NULL, 10));
    }
  }
  return 0;
}
