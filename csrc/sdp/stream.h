/* SPDX-License-Identifier: MIT
 *
 * What an offer and its answer amount to for one medium: who sends what where
 * (RFC 3264 6.1, 7). It is the same whoever offered.
 */
#ifndef MOONSIP_SDP_STREAM_H
#define MOONSIP_SDP_STREAM_H

#include "sdp/session.h"

enum { SDP_STREAM_CODECS = 32 }; /* the best of those in common */

typedef struct sdp_stream_codec {
  sdp_codec codec; /* as they have it: the payload type and parameters to send with */
  uint8_t receive; /* the payload type that they send it with */
  sip_str fmtp;    /* our own parameters */
} sdp_stream_codec;

typedef struct sdp_stream {
  bool active;             /* both ports are other than 0, and there is a codec in common */
  sdp_direction direction; /* of ours: what both want */
  bool held;               /* they do not want to receive (8.4): hold, in either spelling */
  sdp_connection to;       /* where to send; to.unspecified: nowhere, RTCP neither */
  uint16_t port;           /* RTP */
  sdp_rtcp rtcp;           /* has_connection: another address than `to` */
  bool rtcp_mux;           /* both said so: RTCP goes to the RTP port */
  uint16_t ptime;          /* milliseconds that they would like to receive; 0: nothing said */
  uint16_t maxptime;
  size_t codec_count; /* best first, which is their order */
  sdp_stream_codec codecs[SDP_STREAM_CODECS];
} sdp_stream;

/* The stream of m= line `index` between our description and theirs. Its slices point
 * into both. False when one of them lacks that line. */
bool sdp_stream_init(sdp_stream *stream, const sdp_session *ours, const sdp_session *theirs,
                     size_t index);

/* The first codec that is not auxiliary, or any when all are; NULL for none. */
const sdp_stream_codec *sdp_stream_main(const sdp_stream *stream);

/* The auxiliary format of that name with the main codec's clock rate; NULL for none. */
const sdp_stream_codec *sdp_stream_auxiliary(const sdp_stream *stream, sip_str name);

#endif
