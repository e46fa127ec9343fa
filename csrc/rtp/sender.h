/* SPDX-License-Identifier: MIT
 *
 * A stream of ours: one SSRC, sequence number and timestamp through prompts, bridges
 * and digits (RFC 3550 5.1). Timestamps come from the media clock's schedule, so a
 * pause or an overrun leaves them true to time, and the next packet has its marker
 * (RFC 3551 4.1).
 */
#ifndef MOONSIP_RTP_SENDER_H
#define MOONSIP_RTP_SENDER_H

#include "rtp/packet.h"
#include "rtp/rtcp.h"
#include "rtp/time.h"

typedef struct rtp_sender {
  uint32_t ssrc;
  uint32_t clock_rate;
  uint32_t first_timestamp; /* at start_at */
  rtp_time start_at;
  uint32_t timestamp;      /* of the tick that is going on */
  uint32_t next_timestamp; /* where the last audio packet ended */
  uint16_t sequence;       /* of the next packet */
  bool talking;            /* an audio packet ended at next_timestamp */
  uint32_t packets;        /* modulo 2^32, as in reports */
  uint32_t octets;
  rtp_time scheduled_at;   /* of that tick */
  rtp_time sent_at;        /* the last packet; RTP_TIME_NEVER: none */
  rtcp_report_block heard; /* what the peer said last of this stream; its ssrc is ours, or 0 */
  rtp_time round_trip_ns;  /* by that report; -1: unknown */
} rtp_sender;

typedef struct rtp_sender_config {
  uint32_t ssrc;            /* random (RFC 3550 8.1) */
  uint32_t first_timestamp; /* random (5.1) */
  uint16_t first_sequence;  /* random (5.1) */
  uint32_t clock_rate;      /* Hz; another one needs another stream (RFC 7160 4.1) */
  rtp_time start_at;        /* on the schedule */
} rtp_sender_config;

void rtp_sender_init(rtp_sender *sender, const rtp_sender_config *config);

/* A tick of the media clock, at the instant that the schedule has for it. */
void rtp_sender_tick(rtp_sender *sender, rtp_time scheduled_at);

/* The header of the next packet of audio, which begins with this tick and lasts
 * `ticks` of the clock; of `payload_len` bytes. The marker is set where a talk spurt
 * begins: for the first, and where the one before did not end here. */
void rtp_sender_audio(rtp_sender *sender, uint8_t payload_type, uint32_t ticks,
                      uint32_t payload_len, rtp_packet *out);

/* The same for what is no audio, with the timestamp and marker of its own payload
 * format: telephone events (RFC 4733 2.5.1.2), and comfort noise (RFC 3389 4). */
typedef struct rtp_sender_other {
  uint8_t payload_type;
  bool marker;
  uint32_t timestamp;
  uint32_t payload_len;
} rtp_sender_other;

void rtp_sender_other_packet(rtp_sender *sender, const rtp_sender_other *other, rtp_packet *out);

/* The RTP timestamp at an instant between ticks, for sender reports. */
uint32_t rtp_sender_timestamp_at(const rtp_sender *sender, rtp_time now);

/* True when a packet was sent since that instant: then reports are SRs (RFC 3550 6.4). */
bool rtp_sender_is_active(const rtp_sender *sender, rtp_time since);

/* For an SR at `now`, when the wall clock shows `ntp`. */
void rtp_sender_info(const rtp_sender *sender, rtp_time now, uint64_t ntp, rtcp_sender_info *out);

/* What the peer reports of this stream, received when the wall clock showed ntp: the
 * round trip is ntp - LSR - DLSR (6.4.1, figure 2). */
void rtp_sender_note_report(rtp_sender *sender, const rtcp_report_block *block, uint64_t ntp);

#endif
