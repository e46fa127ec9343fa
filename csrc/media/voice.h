/* SPDX-License-Identifier: MIT
 *
 * The codecs that two sides agreed on, with what they need to work: an encoder for the
 * first, a decoder for each, a jitter buffer before them. The main thread makes it in one
 * block, the world uses it. Samples are at the rate of the first codec, the voice's rate.
 */
#ifndef MOONSIP_MEDIA_VOICE_H
#define MOONSIP_MEDIA_VOICE_H

#include "audio/decoder.h"
#include "audio/encoder.h"
#include "audio/resampler.h"
#include "base/alloc.h"
#include "media/frame.h"
#include "rtp/jitter_buffer.h"

enum {
  MEDIA_CODECS_MAX = 8,
  MEDIA_NO_TYPE = 0xff, /* a payload type that is not there */
  /* Of silence that is sent as it is, for codecs whose payloads of it are all alike. */
  MEDIA_SILENCE_MAX = 640,
};

/* One codec, as asked for. */
typedef struct media_codec_choice {
  const audio_codec *codec;
  uint8_t send, receive; /* payload types; MEDIA_NO_TYPE: not that way */
  sip_str fmtp;          /* theirs, for what is sent */
  sip_str own_fmtp;      /* ours, for what is received */
} media_codec_choice;

typedef struct media_voice_config {
  media_codec_choice choices[MEDIA_CODECS_MAX];
  size_t count;
  uint16_t jitter_min_ms, jitter_max_ms; /* 0: the defaults */
  uint8_t noise_type;                    /* of comfort noise received, or MEDIA_NO_TYPE */
} media_voice_config;

typedef struct media_codec {
  const audio_codec *codec;
  uint8_t send, receive;
  audio_decoder *decoder;
  audio_resampler *resampler; /* to the voice's rate, or NULL */
} media_codec;

typedef struct media_voice {
  size_t size; /* of the block */
  uint32_t rate;
  uint32_t clock_rate; /* of what is sent */
  uint8_t noise_type;
  uint16_t jitter_min_ms, jitter_max_ms;
  size_t count;
  media_codec codecs[MEDIA_CODECS_MAX];
  audio_encoder *encoder;
  rtp_jitter_buffer jitter;
  void *jitter_memory;
  size_t jitter_size;
  const media_codec *playing; /* whose decoder made the last samples */
  bool is_running;            /* somebody listens */
  bool is_quiet;              /* the last frame was */
  size_t ready;               /* samples in `pcm` */
  size_t frame_len;           /* of them in the last frame: gone with the next */
  size_t room;
  int16_t *pcm;
  int16_t *scratch;   /* before resampling; NULL when nothing is */
  size_t silence_len; /* 0: silence is encoded like anything else */
  uint8_t silence[MEDIA_SILENCE_MAX];
} media_voice;

/* The rate of the samples of that codec in a call, Hz. */
uint32_t media_voice_rate(const audio_codec *codec);

/* 0, SIP_E_MEMORY, or SIP_E_INVALID when the first codec cannot work like that; of the
 * others those are left out. */
int media_voice_new(sip_alloc *alloc, const media_voice_config *config, media_voice **out);
void media_voice_free(sip_alloc *alloc, media_voice *voice); /* NULL is fine */

/* Same codecs, payload types and buffer: one may stay when the other was to take over. */
bool media_voice_same(const media_voice *a, const media_voice *b);

/* By the payload type it is received with; NULL for none. */
const media_codec *media_voice_find(const media_voice *voice, uint8_t payload_type);

/* A packet of one of the codecs, or of comfort noise; codec NULL for that. */
void media_voice_put(media_voice *voice, const rtp_packet *packet, const media_codec *codec,
                     rtp_time now);

/* The next frame: *frame points into the voice, until the next one. */
void media_voice_pull(media_voice *voice, rtp_time now, media_frame *frame);
/* Nobody listens any more; the next pull begins anew. */
void media_voice_rest(media_voice *voice);

#endif
