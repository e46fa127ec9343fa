/* SPDX-License-Identifier: MIT
 *
 * The source that a session hears: its SSRC, what was received, lost and late of it,
 * and what its sender reports say (RFC 3550 6.4, A.1, A.3, A.8). Another SSRC takes
 * over after a probation, so that a packet gone astray changes nothing.
 */
#ifndef MOONSIP_RTP_SOURCE_H
#define MOONSIP_RTP_SOURCE_H

#include "rtp/packet.h"
#include "rtp/rtcp.h"
#include "rtp/sequence.h"
#include "rtp/time.h"

typedef enum rtp_source_verdict {
  RTP_SOURCE_VALID,     /* of this source, in order or not */
  RTP_SOURCE_CHANGED,   /* the first that counts, of a new SSRC or a restarted one */
  RTP_SOURCE_PROBATION, /* not to be played: of an SSRC that has yet to prove itself */
  RTP_SOURCE_STRAY,     /* not to be played: far off the sequence */
} rtp_source_verdict;

typedef struct rtp_source {
  uint32_t ssrc;
  uint32_t clock_rate;
  rtp_sequence sequence;
  uint64_t octets;  /* of payload, in packets that count */
  uint64_t jitter;  /* A.8: 16 times the interarrival jitter, in ticks */
  uint32_t transit; /* of the last packet */
  bool has_transit;
  bool has_candidate;
  uint32_t candidate_ssrc; /* on probation */
  rtp_sequence candidate;
  uint16_t probation;
  uint32_t changes;  /* of SSRC or sequence since init */
  uint32_t strays;   /* packets not to be played */
  rtp_time heard_at; /* the last packet that counts */
  uint32_t last_sr;  /* middle of the NTP timestamp of its last SR; 0: none */
  rtp_time last_sr_at;
  rtcp_sender_info info; /* of that SR */
} rtp_source;

/* Nothing heard yet. The first SSRC is valid after `probation` packets in a row (1:
 * at once, when somebody else validates); later ones after RTP_MIN_SEQUENTIAL. */
void rtp_source_init(rtp_source *source, uint32_t clock_rate, uint16_t probation);

/* To be told every packet of the peer, whatever its payload type is: events and
 * comfort noise share the sequence numbers. */
rtp_source_verdict rtp_source_receive(rtp_source *source, const rtp_packet *packet, rtp_time now);

/* The payload's clock changed: jitter begins anew. */
void rtp_source_set_clock_rate(rtp_source *source, uint32_t clock_rate);

/* Interarrival jitter (A.8) in ticks. */
uint32_t rtp_source_jitter(const rtp_source *source);

/* A sender report came. */
void rtp_source_note_sr(rtp_source *source, const rtcp_sender_info *info, rtp_time now);

/* What we report of it (6.4.1); fraction_lost is since the last call. False when
 * nothing was heard that counts. */
bool rtp_source_report(rtp_source *source, rtp_time now, rtcp_report_block *out);

#endif
