/* SPDX-License-Identifier: MIT
 *
 * Sequence numbers of a source: which packets belong to it, how often the numbers
 * went round, how many packets are missing (RFC 3550 A.1, A.3).
 */
#ifndef MOONSIP_RTP_SEQUENCE_H
#define MOONSIP_RTP_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

enum {
  RTP_MIN_SEQUENTIAL = 2, /* A.1: in a row, until a source is valid */
  RTP_MAX_DROPOUT = 3000, /* A.1: a larger step forward is no loss */
  RTP_MAX_MISORDER = 100, /* A.1: a larger step back is no reordering */
};

typedef enum rtp_sequence_verdict {
  RTP_SEQUENCE_NEWER,     /* in order, maybe after a loss */
  RTP_SEQUENCE_OLDER,     /* reordered, or a copy */
  RTP_SEQUENCE_PROBATION, /* the source is not valid yet; not counted */
  RTP_SEQUENCE_RESTARTED, /* the second in a row after a large step: counts begin anew */
  RTP_SEQUENCE_STRAY,     /* a large step; not counted */
} rtp_sequence_verdict;

typedef struct rtp_sequence {
  uint64_t highest;        /* extended: cycles above the low 16 bits */
  uint64_t first;          /* extended, of the first packet that counts */
  uint64_t received;       /* packets that count, copies too */
  uint64_t expected_prior; /* at the last report */
  uint64_t received_prior;
  uint32_t expected_stray; /* the number after a stray; above 16 bits: none */
  uint16_t wanted;         /* packets in a row that make a source valid */
  uint16_t probation;      /* those still wanted */
  bool heard;
} rtp_sequence;

/* A source that is valid after as many packets in a row: RTP_MIN_SEQUENTIAL by the
 * RFC; 1 counts the first packet too. */
void rtp_sequence_init(rtp_sequence *sequence, uint16_t probation);

rtp_sequence_verdict rtp_sequence_receive(rtp_sequence *sequence, uint16_t number);

/* Packets that should have come and did not; negative with copies (A.3). */
int64_t rtp_sequence_lost(const rtp_sequence *sequence);

/* The share lost since the last call, in 1/256 (A.3). */
uint8_t rtp_sequence_fraction_lost(rtp_sequence *sequence);

#endif
