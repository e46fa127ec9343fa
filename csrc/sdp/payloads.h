/* SPDX-License-Identifier: MIT
 *
 * Payload types that have been given to codecs in a session. A dynamic one stands
 * for the same codec of its medium as long as the session lasts (RFC 3264 8.3.2).
 */
#ifndef MOONSIP_SDP_PAYLOADS_H
#define MOONSIP_SDP_PAYLOADS_H

#include "sdp/session.h"

enum { SDP_PAYLOADS_MAX = 64 }; /* what is over is forgotten: a wish, not a bound of memory */

typedef struct sdp_payload {
  uint64_t codec; /* sdp_codec_hash */
  uint16_t media; /* index of the m= line */
  uint8_t type;
} sdp_payload;

/* Zeroed when a session begins. */
typedef struct sdp_payloads {
  uint16_t count;
  sdp_payload entries[SDP_PAYLOADS_MAX];
} sdp_payloads;

/* Remembers what a description of either side says, for descriptions to come. */
void sdp_payloads_note(sdp_payloads *payloads, const sdp_session *session);

/* The payload type for a codec in m= line `media`: what it had, what it wishes for,
 * what RFC 3551 assigns to it, or one that is free; `taken` are those given in this
 * m= line. SDP_NO_PAYLOAD when none is left. payloads NULL: a session that begins. */
uint8_t sdp_payloads_choose(const sdp_payloads *payloads, size_t media, const sdp_codec *codec,
                            const bool taken[SDP_PAYLOAD_TYPES]);

#endif
