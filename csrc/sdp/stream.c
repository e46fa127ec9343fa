/* SPDX-License-Identifier: MIT
 *
 * Send with their payload types, receive with ours.
 */
#include "sdp/stream.h"

static const sdp_format *find_codec(const sdp_session *s, const sdp_media *media,
                                    const sdp_codec *wanted, sdp_codec *found) {
  const sdp_format *formats = sdp_media_formats(s, media);
  for (size_t i = 0; i < media->format_count; i++) {
    if (sdp_format_codec(s, &formats[i], found) && sdp_codec_matches(found, wanted)) {
      return &formats[i];
    }
  }
  return NULL;
}

static bool has_payload_type(const sdp_stream *stream, uint8_t type) {
  for (size_t i = 0; i < stream->codec_count; i++) {
    if (type != SDP_NO_PAYLOAD && stream->codecs[i].codec.payload_type == type) return true;
  }
  return false;
}

static void match_codecs(sdp_stream *stream, const sdp_session *ours, const sdp_media *mine,
                         const sdp_session *theirs, const sdp_media *media) {
  const sdp_format *formats = sdp_media_formats(theirs, media);
  for (size_t i = 0; i < media->format_count; i++) {
    sdp_codec codec, own;
    if (stream->codec_count == SDP_STREAM_CODECS) return;
    if (!sdp_format_codec(theirs, &formats[i], &codec)) continue;
    const sdp_format *format = find_codec(ours, mine, &codec, &own);
    if (!format || has_payload_type(stream, codec.payload_type)) continue;
    stream->codecs[stream->codec_count++] =
        (sdp_stream_codec){.codec = codec, .receive = format->payload_type, .fmtp = own.fmtp};
  }
}

bool sdp_stream_init(sdp_stream *stream, const sdp_session *ours, const sdp_session *theirs,
                     size_t index) {
  *stream = (sdp_stream){0};
  if (index >= ours->media_count || index >= theirs->media_count) return false;
  const sdp_media *mine = &ours->media[index], *media = &theirs->media[index];
  if (mine->port == 0 || media->port == 0) return true;
  match_codecs(stream, ours, mine, theirs, media);
  stream->active = stream->codec_count > 0 && sdp_media_connection(theirs, media, &stream->to);
  stream->direction = sdp_direction_agree(mine->direction, media->direction);
  stream->held = !(media->direction & SDP_RECVONLY) || stream->to.unspecified;
  stream->port = media->port;
  stream->rtcp_mux = sdp_media_has_rtcp_mux(ours, mine) && sdp_media_has_rtcp_mux(theirs, media);
  sdp_media_rtcp(theirs, media, &stream->rtcp);
  stream->ptime = sdp_media_ptime(theirs, media, SDP_ATTRIBUTE_PTIME);
  stream->maxptime = sdp_media_ptime(theirs, media, SDP_ATTRIBUTE_MAXPTIME);
  return true;
}

const sdp_stream_codec *sdp_stream_main(const sdp_stream *stream) {
  for (size_t i = 0; i < stream->codec_count; i++) {
    if (!sdp_codec_is_auxiliary(&stream->codecs[i].codec)) return &stream->codecs[i];
  }
  return stream->codec_count > 0 ? &stream->codecs[0] : NULL;
}

const sdp_stream_codec *sdp_stream_auxiliary(const sdp_stream *stream, sip_str name) {
  const sdp_stream_codec *best = sdp_stream_main(stream);
  for (size_t i = 0; i < stream->codec_count; i++) {
    const sdp_codec *codec = &stream->codecs[i].codec;
    if (codec->rate == best->codec.rate && sip_str_equal_nocase(codec->name, name)) {
      return &stream->codecs[i];
    }
  }
  return NULL;
}
