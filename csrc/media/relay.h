/* SPDX-License-Identifier: MIT
 *
 * Packets of one stream sent on in another: payloads as they are, headers rewritten so
 * that ours goes on without a break (RFC 3550 7.1: one SSRC, numbers and timestamps of
 * its own). What is lost or reordered before us stays so behind us; what we keep to
 * ourselves, a digit's packets, leaves no hole.
 */
#ifndef MOONSIP_MEDIA_RELAY_H
#define MOONSIP_MEDIA_RELAY_H

#include "rtp/packet.h"
#include "rtp/sender.h"

enum { MEDIA_RELAY_WINDOW = 64 /* packets back that reordering may reach */ };

typedef struct media_relay {
  bool is_on;
  bool has_begun;           /* a packet was sent on since it is on */
  uint32_t ssrc;            /* of theirs */
  uint16_t highest;         /* of theirs */
  uint32_t timestamp;       /* of theirs that goes with that */
  uint32_t timestamp_shift; /* ours - theirs */
  uint16_t shift;           /* of sequence numbers: ours - theirs */
  uint16_t old_shift;       /* of packets up to `turned` */
  uint16_t turned;
} media_relay;

void media_relay_start(media_relay *relay);
void media_relay_stop(media_relay *relay);

/* Rewrites the header for our stream, which goes on behind it; the packet lasts `ticks`.
 * False: too old to pass. */
bool media_relay_pass(media_relay *relay, rtp_sender *sender, uint32_t ticks, rtp_packet *packet);
/* One of theirs that is not sent on. */
void media_relay_swallow(media_relay *relay, const rtp_packet *packet);
/* One of ours was sent in between. */
void media_relay_insert(media_relay *relay);
/* Our own audio goes on: never before what was sent on. */
void media_relay_rejoin(const media_relay *relay, rtp_sender *sender);

#endif
