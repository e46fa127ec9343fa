/* SPDX-License-Identifier: MIT
 *
 * What a payload type stands for: a name, a clock rate, channels, and format
 * parameters (RFC 8866 6.6, RFC 3551 6).
 */
#ifndef MOONSIP_SDP_CODEC_H
#define MOONSIP_SDP_CODEC_H

#include "base/buffer.h"
#include "sdp/field.h"

enum {
  SDP_PAYLOAD_TYPES = 128,    /* seven bits (RFC 3550 5.1) */
  SDP_DYNAMIC_FIRST = 96,     /* RFC 3551 6 */
  SDP_NO_PAYLOAD = UINT8_MAX, /* a format that is no payload type */
};

typedef struct sdp_codec {
  sip_str name;         /* "PCMU"; compared without case (RFC 8866 5.14) */
  uint32_t rate;        /* of the RTP clock, Hz; G722's is 8000 (RFC 3551 4.5.2) */
  uint16_t channels;    /* 1 when nothing is said */
  uint8_t payload_type; /* or SDP_NO_PAYLOAD */
  sip_str fmtp;         /* format parameters; may be empty */
} sdp_codec;

/* rtpmap: payload-type SP encoding-name "/" clock-rate ["/" channels]. False also
 * for a payload type above 127. */
bool sdp_rtpmap_parse(sip_str value, sdp_codec *out);

/* "PCMU/8000", "opus/48000/2" */
void sdp_codec_write(const sdp_codec *codec, sip_buffer *out);

/* What RFC 3551 6 assigns to a payload type, for want of an rtpmap. */
bool sdp_codec_static(uint8_t payload_type, sdp_codec *out);

/* Same name, clock rate and channels. */
bool sdp_codec_same(const sdp_codec *a, const sdp_codec *b);

/* The same, and equal in those format parameters that make another format of
 * it, which is what an answer must agree with (RFC 3264 6.1). */
bool sdp_codec_matches(const sdp_codec *a, const sdp_codec *b);

/* Equal for codecs that match. */
uint64_t sdp_codec_hash(const sdp_codec *codec);

/* Sent between the packets of a codec and of no use alone: telephone-event, tone
 * (RFC 4733) and comfort noise (RFC 3389). Its clock rate is that codec's. */
bool sdp_codec_is_auxiliary(const sdp_codec *codec);

#endif
