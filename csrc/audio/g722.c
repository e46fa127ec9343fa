/* SPDX-License-Identifier: MIT
 *
 * G722 at its 64 kbit/s: a byte for two samples of 16 kHz. For a call at 8 kHz spandsp
 * leaves the upper band out, which is cheaper than resampling.
 */
#include "audio/g722.h"

#include <spandsp.h>
#include <spandsp/private/g722.h>

#include "base/error.h"

enum {
  RTP_CLOCK = 8000, /* RFC 3551 4.5.2 */
  BIT_RATE = 64000,
  WIDE = 16000,
  NARROW = 8000,
};

static bool takes_rate(uint32_t rate) {
  return rate == WIDE || rate == NARROW;
}

/* With the samples that a byte stands for. */
typedef struct encoder {
  g722_encode_state_t g722;
  size_t samples;
} encoder;

typedef struct decoder {
  g722_decode_state_t g722;
  size_t samples;
} decoder;

static size_t encoder_size(const audio_codec_settings *settings) {
  (void)settings;
  return sizeof(encoder);
}

static size_t decoder_size(const audio_codec_settings *settings) {
  (void)settings;
  return sizeof(decoder);
}

static int encoder_init(void *state, const audio_codec_settings *settings) {
  encoder *e = state;
  e->samples = settings->sample_rate / RTP_CLOCK;
  int options = settings->sample_rate == NARROW ? G722_SAMPLE_RATE_8000 : 0;
  return g722_encode_init(&e->g722, BIT_RATE, options) ? 0 : SIP_E_INVALID;
}

static int decoder_init(void *state, const audio_codec_settings *settings) {
  decoder *d = state;
  d->samples = settings->sample_rate / RTP_CLOCK;
  int options = settings->sample_rate == NARROW ? G722_SAMPLE_RATE_8000 : 0;
  return g722_decode_init(&d->g722, BIT_RATE, options) ? 0 : SIP_E_INVALID;
}

static size_t encode(void *state, audio_span in, uint8_t *out, size_t room) {
  encoder *e = state;
  if (in.len % e->samples || in.len / e->samples > room) return 0;
  return (size_t)g722_encode(&e->g722, out, in.ptr, (int)in.len);
}

static size_t decode(void *state, sip_str payload, int16_t *out, size_t room) {
  decoder *d = state;
  if (payload.len > room / d->samples) return 0;
  return (size_t)g722_decode(&d->g722, out, (const uint8_t *)payload.ptr, (int)payload.len);
}

const audio_codec audio_codec_g722 = {
    .version = AUDIO_CODEC_VERSION,
    .payload_type = 9,
    .channels = 1,
    .clock_rate = RTP_CLOCK,
    .sample_rate = WIDE,
    .byte_rate = BIT_RATE / 8,
    .name = {"G722", 4},
    .takes_rate = takes_rate,
    .encoder_size = encoder_size,
    .decoder_size = decoder_size,
    .encoder_init = encoder_init,
    .decoder_init = decoder_init,
    .encode = encode,
    .decode = decode,
};
