/* SPDX-License-Identifier: MIT
 *
 * Codecs: what each is called in SDP, the size of its frames, and how it turns samples
 * into payloads and back. A codec is a constant struct of functions over state blocks
 * whose size it tells, so a plug-in adds one as this stack does: fill in an
 * `audio_codec` and `audio_codecs_add` it.
 */
#ifndef MOONSIP_AUDIO_CODEC_H
#define MOONSIP_AUDIO_CODEC_H

#include <stdbool.h>

#include "audio/sample.h"
#include "base/buffer.h"
#include "base/str.h"

enum {
  AUDIO_CODEC_VERSION = 1,
  AUDIO_CODECS_MAX = 32,
  AUDIO_DYNAMIC = UINT8_MAX, /* no static payload type */
  AUDIO_PAYLOAD_MAX = AUDIO_FRAME_MAX * 2,
};

/* How a codec is to work in one direction of one call. All zero is a good default. */
typedef struct audio_codec_settings {
  uint32_t sample_rate; /* of the samples, Hz; 0: the codec's own (see takes_rate) */
  uint32_t bit_rate;    /* at most, bit/s; 0: the codec decides. For those that vary */
  uint8_t complexity;   /* 1 to 10, least to most work; 0: the default. For Opus */
  uint8_t loss_percent; /* expected; above 0 adds redundancy (FEC) if the peer wants it */
  sip_str fmtp;         /* the peer's format parameters; read by init only */
} audio_codec_settings;

typedef struct audio_codec {
  uint16_t version;     /* AUDIO_CODEC_VERSION: the shape of this struct */
  uint8_t payload_type; /* static (RFC 3551 6), or AUDIO_DYNAMIC */
  uint8_t channels;     /* as rtpmap says; the samples are mono all the same */
  uint32_t clock_rate;  /* of RTP timestamps, Hz: G722's is 8000 (RFC 3551 4.5.2) */
  uint32_t sample_rate; /* of the samples when settings do not say, Hz */
  uint32_t byte_rate;   /* payload bytes per second; 0: they vary */
  sip_str name;         /* "PCMU", compared without case */

  /* Another rate of samples than sample_rate; NULL: none. */
  bool (*takes_rate)(uint32_t rate);
  /* Whether a payload may hold so much; NULL: 10 to 60 ms. */
  bool (*takes_ptime)(uint32_t ms);
  /* State blocks, aligned as malloc aligns; NULL: 0 bytes. */
  size_t (*encoder_size)(const audio_codec_settings *settings);
  size_t (*decoder_size)(const audio_codec_settings *settings);
  /* 0, or SIP_E_INVALID when it cannot work so. NULL: nothing to do. Settings have
   * their sample rate filled in. */
  int (*encoder_init)(void *state, const audio_codec_settings *settings);
  int (*decoder_init)(void *state, const audio_codec_settings *settings);
  /* One frame. Bytes written, 0 when they do not fit or the length is none it takes. */
  size_t (*encode)(void *state, audio_span in, uint8_t *out, size_t room);
  /* One payload. Samples written, 0 for a payload that is damaged or does not fit. */
  size_t (*decode)(void *state, sip_str payload, int16_t *out, size_t room);
  /* `count` samples in the place of a lost payload; `next` is the one after it if it
   * is there already, else empty. NULL: by audio/plc. */
  void (*conceal)(void *state, sip_str next, int16_t *out, size_t count);
  /* How long a payload lasts, in ticks of clock_rate, 0 when damaged; NULL: by byte_rate. */
  uint32_t (*duration)(sip_str payload);
  /* The receiver reports so much loss (RTCP): more or less redundancy; NULL: no matter. */
  void (*expect_loss)(void *encoder, uint8_t percent);
  /* Writes the format parameters of our SDP, if it has any; NULL: none. */
  void (*fmtp)(const audio_codec_settings *settings, sip_buffer *out);
} audio_codec;

/* The codecs of a process, most wanted first. */
typedef struct audio_codecs {
  const audio_codec *list[AUDIO_CODECS_MAX];
  size_t count;
} audio_codecs;

/* What is built in: opus, G722 (each when its library was there), PCMA, PCMU, L16. */
void audio_codecs_init(audio_codecs *codecs);

/* 0; SIP_E_INVALID for another version or a struct with a gap; SIP_E_LIMIT when full;
 * SIP_E_STATE when there is one of that name, clock rate and number of channels. */
int audio_codecs_add(audio_codecs *codecs, const audio_codec *codec);

/* By rtpmap's three parts; clock_rate or channels 0: any. NULL when there is none. */
const audio_codec *audio_codecs_find(const audio_codecs *codecs, sip_str name, uint32_t clock_rate,
                                     uint8_t channels);

/* Why a known codec is not there, in one line that names the Debian package to install
 * before building: "opus needs libopus-dev: ...". NULL for one that is there or unknown. */
const char *audio_codec_missing(sip_str name);

bool audio_codec_takes_rate(const audio_codec *codec, uint32_t rate);
bool audio_codec_takes_ptime(const audio_codec *codec, uint32_t ms);

/* `settings` (NULL: all zero) with the rate of the samples filled in. False when the codec
 * does not take that rate. */
bool audio_codec_complete(const audio_codec *codec, const audio_codec_settings *settings,
                          audio_codec_settings *out);

/* Bytes of a payload that lasts so long; 0 when they vary. */
size_t audio_codec_payload_size(const audio_codec *codec, uint32_t ms);

/* How long a payload lasts, in ticks of the RTP clock; 0 for a damaged one. */
uint32_t audio_codec_duration(const audio_codec *codec, sip_str payload);

#endif
