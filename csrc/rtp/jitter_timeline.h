/* SPDX-License-Identifier: MIT
 *
 * One count of sequence numbers and one of timestamps for all that a jitter buffer
 * gets. Both are extended to 64 bits and go on when a source restarts, another takes
 * over or timestamps jump: what comes then is placed behind what came before, as if
 * nothing had delayed it.
 */
#ifndef MOONSIP_RTP_JITTER_TIMELINE_H
#define MOONSIP_RTP_JITTER_TIMELINE_H

#include "rtp/jitter_delay.h"
#include "rtp/packet.h"

typedef struct rtp_timeline {
  rtp_delay delay;
  int64_t max;            /* ticks of delay that a buffer can make up for */
  bool started;           /* a packet was placed */
  bool restart;           /* the next one has left the timeline */
  uint16_t newest_number; /* what packets call `newest` */
  uint32_t ssrc;
  int64_t newest;         /* sequence number, of all packets */
  int64_t newest_audio;   /* and of those that were placed: */
  uint32_t last_wire;     /* its timestamp as it came, */
  int64_t last_timestamp; /* on the timeline, */
  int64_t end_timestamp;  /* and where it ends */
  uint32_t restarts;
} rtp_timeline;

typedef struct rtp_place {
  int64_t tick;   /* of its arrival */
  uint32_t ticks; /* how long it lasts */
  int64_t sequence;
  int64_t timestamp;
  bool newer;         /* than all that were placed before */
  bool sound;         /* not older by its number and newer by its timestamp */
  bool discontinuity; /* it does not continue what was before it */
} rtp_place;

void rtp_timeline_init(rtp_timeline *timeline, int64_t max, int64_t window_ticks);

/* The sequence number of a packet; that of another SSRC, or after a restart, comes
 * behind all others. The first packet's is 0. */
int64_t rtp_timeline_sequence(rtp_timeline *timeline, const rtp_packet *packet);

/* A packet that is no audio was numbered. */
void rtp_timeline_note(rtp_timeline *timeline, int64_t sequence, uint16_t number);

/* The timestamp of a packet, whose tick, ticks and sequence are there; what its delay
 * tells is learnt. In a pause nothing is being played. */
void rtp_timeline_place(rtp_timeline *timeline, const rtp_packet *packet, bool pause,
                        rtp_place *place);

/* How much older what has that timestamp is than an undelayed packet that comes at that
 * tick. */
int64_t rtp_timeline_age(const rtp_timeline *timeline, int64_t timestamp, int64_t tick);

#endif
