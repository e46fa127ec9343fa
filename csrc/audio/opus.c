/* SPDX-License-Identifier: MIT
 *
 * Settings of libopus from RFC 7587's parameters; never discontinuous transmission, so
 * that a gap is always a loss.
 */
#include "audio/opus.h"

#include <opus/opus.h>

#include "base/error.h"

enum {
  RTP_CLOCK = 48000, /* whatever the samples' rate (RFC 7587 4.1) */
  COMPLEXITY = 5,    /* of 0 to 10: better ones cost twice as much and are hardly heard */
  BIT_RATE_MIN = 6000,
  BIT_RATE_MAX = 510000, /* maxaveragebitrate's bounds (RFC 7587 6.1) */
  PACKET_MS_TIMES_2 = 5, /* what every length of a packet is a multiple of, 2.5 ms */
};

static bool takes_rate(uint32_t rate) {
  return rate == 8000 || rate == 12000 || rate == 16000 || rate == 24000;
}

/* Frames of opus last 10, 20, 40 or 60 ms (RFC 6716 2.1.4); 30 and 50 would need two. */
static bool takes_ptime(uint32_t ms) {
  return ms == 10 || ms == 20 || ms == 40 || ms == 60;
}

static size_t encoder_size(const audio_codec_settings *settings) {
  (void)settings;
  return (size_t)opus_encoder_get_size(1);
}

/* With its rate, to cut what it conceals into lengths that it takes. */
typedef struct decoder {
  uint32_t rate;
  _Alignas(max_align_t) unsigned char opus[];
} decoder;

static OpusDecoder *decoder_of(decoder *d) {
  return (OpusDecoder *)(void *)d->opus;
}

static size_t decoder_size(const audio_codec_settings *settings) {
  (void)settings;
  return sizeof(decoder) + (size_t)opus_decoder_get_size(1);
}

/* The peer's number, or `otherwise`; at least min, at most max. */
static opus_int32 number(sip_str fmtp, sip_str name, uint32_t otherwise, uint32_t max) {
  sip_str text;
  uint64_t value;
  if (!sip_str_param(fmtp, name, &text) || !sip_str_to_number(text, UINT32_MAX, &value)) {
    return (opus_int32)otherwise;
  }
  return (opus_int32)(value < max ? value : max);
}

/* More than the peer will play is not worth sending (RFC 7587 6.1, 3.1.1). */
static opus_int32 bandwidth(sip_str fmtp) {
  opus_int32 rate = number(fmtp, SIP_STR("maxplaybackrate"), RTP_CLOCK, RTP_CLOCK);
  if (rate < 12000) return OPUS_BANDWIDTH_NARROWBAND;
  if (rate < 16000) return OPUS_BANDWIDTH_MEDIUMBAND;
  if (rate < 24000) return OPUS_BANDWIDTH_WIDEBAND;
  return rate < RTP_CLOCK ? OPUS_BANDWIDTH_SUPERWIDEBAND : OPUS_BANDWIDTH_FULLBAND;
}

static opus_int32 bit_rate(const audio_codec_settings *settings) {
  opus_int32 most = number(settings->fmtp, SIP_STR("maxaveragebitrate"), 0, BIT_RATE_MAX);
  opus_int32 ours =
      settings->bit_rate < BIT_RATE_MAX ? (opus_int32)settings->bit_rate : BIT_RATE_MAX;
  opus_int32 rate = most && (!ours || most < ours) ? most : ours;
  if (rate == 0) return OPUS_AUTO;
  return rate < BIT_RATE_MIN ? BIT_RATE_MIN : rate;
}

static int encoder_init(void *state, const audio_codec_settings *settings) {
  OpusEncoder *e = state;
  if (settings->complexity > 10 || settings->loss_percent > 100) return SIP_E_INVALID;
  if (opus_encoder_init(e, (opus_int32)settings->sample_rate, 1, OPUS_APPLICATION_VOIP)) {
    return SIP_E_INVALID;
  }
  sip_str fmtp = settings->fmtp;
  int complexity = settings->complexity ? settings->complexity : COMPLEXITY;
  bool wants_fec = number(fmtp, SIP_STR("useinbandfec"), 0, 1) == 1;
  opus_encoder_ctl(e, OPUS_SET_COMPLEXITY(complexity));
  opus_encoder_ctl(e, OPUS_SET_BITRATE(bit_rate(settings)));
  opus_encoder_ctl(e, OPUS_SET_MAX_BANDWIDTH(bandwidth(fmtp)));
  opus_encoder_ctl(e, OPUS_SET_VBR(number(fmtp, SIP_STR("cbr"), 0, 1) == 0));
  opus_encoder_ctl(e, OPUS_SET_INBAND_FEC(wants_fec));
  opus_encoder_ctl(e, OPUS_SET_PACKET_LOSS_PERC(settings->loss_percent));
  opus_encoder_ctl(e, OPUS_SET_DTX(0));
  return 0;
}

static void expect_loss(void *state, uint8_t percent) {
  opus_encoder_ctl((OpusEncoder *)state, OPUS_SET_PACKET_LOSS_PERC(percent < 100 ? percent : 100));
}

static int decoder_init(void *state, const audio_codec_settings *settings) {
  decoder *d = state;
  d->rate = settings->sample_rate;
  return opus_decoder_init(decoder_of(d), (opus_int32)d->rate, 1) ? SIP_E_INVALID : 0;
}

static size_t encode(void *state, audio_span in, uint8_t *out, size_t room) {
  opus_int32 bytes = opus_encode(state, in.ptr, (int)in.len, out, (opus_int32)room);
  return bytes > 0 ? (size_t)bytes : 0;
}

static size_t decode(void *state, sip_str payload, int16_t *out, size_t room) {
  if (payload.len == 0) return 0; /* for libopus that is a loss */
  int count = opus_decode(decoder_of(state), (const unsigned char *)payload.ptr,
                          (opus_int32)payload.len, out, (int)room, 0);
  return count > 0 ? (size_t)count : 0;
}

static void conceal(void *state, sip_str next, int16_t *out, size_t count) {
  decoder *d = state;
  const unsigned char *data = next.len ? (const unsigned char *)next.ptr : NULL;
  size_t step = d->rate * PACKET_MS_TIMES_2 / 2000;
  size_t whole = count - count % step;
  int made = whole ? opus_decode(decoder_of(d), data, data ? (opus_int32)next.len : 0, out,
                                 (int)whole, data != NULL)
                   : 0;
  size_t done = made > 0 ? (size_t)made : 0;
  memset(out + done, 0, (count - done) * sizeof *out);
}

static uint32_t duration(sip_str payload) {
  int count = opus_packet_get_nb_samples((const unsigned char *)payload.ptr,
                                         (opus_int32)payload.len, RTP_CLOCK);
  return count > 0 ? (uint32_t)count : 0;
}

/* The peer shall add redundancy, and need not send more than we shall hear. */
static void fmtp(const audio_codec_settings *settings, sip_buffer *out) {
  SIP_BUFFER_ADD(out, "useinbandfec=1");
  if (settings->sample_rate == 0 || settings->sample_rate == RTP_CLOCK) return;
  SIP_BUFFER_ADD(out, ";maxplaybackrate=");
  sip_buffer_add_number(out, settings->sample_rate);
  SIP_BUFFER_ADD(out, ";sprop-maxcapturerate=");
  sip_buffer_add_number(out, settings->sample_rate);
}

const audio_codec audio_codec_opus = {
    .version = AUDIO_CODEC_VERSION,
    .payload_type = AUDIO_DYNAMIC,
    .channels = 2, /* always said, never meant (RFC 7587 4.1, 6.1) */
    .clock_rate = RTP_CLOCK,
    .sample_rate = RTP_CLOCK,
    .name = {"opus", 4},
    .takes_rate = takes_rate,
    .takes_ptime = takes_ptime,
    .encoder_size = encoder_size,
    .decoder_size = decoder_size,
    .encoder_init = encoder_init,
    .decoder_init = decoder_init,
    .encode = encode,
    .decode = decode,
    .conceal = conceal,
    .duration = duration,
    .expect_loss = expect_loss,
    .fmtp = fmtp,
};
