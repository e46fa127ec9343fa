/* SPDX-License-Identifier: MIT
 *
 * What we can do: the media that an offer proposes and an answer chooses from.
 */
#ifndef MOONSIP_SDP_LOCAL_H
#define MOONSIP_SDP_LOCAL_H

#include "sdp/session.h"

enum { SDP_CODECS_MAX = SDP_PAYLOAD_TYPES };

typedef struct sdp_local_media {
  sip_str type;            /* "audio" */
  sip_str proto;           /* "RTP/AVP" */
  sip_str address;         /* IP address or name that it is received at; empty: the session's */
  uint16_t port;           /* 0: not wanted, or not any more */
  uint16_t rtcp_port;      /* 0: one above the port */
  bool rtcp_mux;           /* RTP and RTCP may share the port (RFC 5761) */
  sdp_direction direction; /* that we wish for */
  uint16_t ptime;          /* milliseconds; 0: nothing is said */
  uint16_t maxptime;
  const sdp_codec *codecs; /* best first; a payload type is a wish, or SDP_NO_PAYLOAD */
  size_t codec_count;      /* up to SDP_CODECS_MAX. Without RTP a codec is a format's name */
} sdp_local_media;

typedef struct sdp_local {
  sip_str username; /* of o=; empty is "-" */
  uint64_t id;      /* up to 2^63 - 1, and the version below 2^62 - 1 (RFC 3264 5) */
  uint64_t version;
  sip_str address; /* of o= and c= */
  const sdp_local_media *media;
  size_t media_count;
} sdp_local;

/* 0, SIP_E_INJECTION, or SIP_E_INVALID for what cannot be written. */
int sdp_local_check(const sdp_local *local);

/* A format that goes into an m= line. */
typedef struct sdp_pick {
  const sdp_codec *codec;
  uint8_t payload_type;
} sdp_pick;

typedef struct sdp_draft {
  const sdp_local_media *media;
  sdp_pick picks[SDP_CODECS_MAX];
  size_t count;
  sdp_direction direction;
  bool rtcp_mux;
} sdp_draft;

/* v=, o=, s= and c=. With `sent`, our last description, o= is the next of it. 0, or
 * SIP_E_NUMBER when its version cannot be counted on. */
int sdp_write_head(const sdp_local *local, const sdp_session *sent, sip_buffer *out);
/* The t= lines of another description, for they are not negotiated (RFC 3264 6);
 * of NULL, or when it has none, "t=0 0". */
void sdp_write_times(const sdp_session *other, sip_buffer *out);
/* The medium's section. */
void sdp_write_media(const sdp_local *local, const sdp_draft *draft, sip_buffer *out);
/* An m= line that is all of its section: rejected, or not used any more. */
void sdp_write_unused(sip_str type, sip_str proto, sip_str format, sip_buffer *out);

/* The format of an m= line; `memory` holds a number. */
enum { SDP_FORMAT_SIZE = 3 };
sip_str sdp_pick_format(const sdp_pick *pick, char memory[SDP_FORMAT_SIZE]);

#endif
