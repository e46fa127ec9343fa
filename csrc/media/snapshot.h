/* SPDX-License-Identifier: MIT
 *
 * Figures of a session as the main thread may read them while the world goes on: words
 * that one side writes and the other reads until nothing has changed meanwhile.
 */
#ifndef MOONSIP_MEDIA_SNAPSHOT_H
#define MOONSIP_MEDIA_SNAPSHOT_H

#include <stdatomic.h>

#include "base/sockaddr.h"

/* In the order of core.media's stats. */
typedef struct media_stats {
  uint64_t sent_packets, sent_bytes, sent_events, sent_errors;
  uint64_t packets, bytes, lost, late, duplicates, reordered, concealed_ms, discarded, digits;
  uint64_t strangers, wrong_type, malformed, wrong_ssrc, floods;
  uint64_t jitter_us, buffer_us;
  uint64_t reports_sent, reports_received, remote_lost, remote_jitter_us;
  int64_t round_trip_us; /* -1: unknown */
  uint64_t ssrc, remote_ssrc;
  uint64_t latched;   /* remote is where packets come from, not what SDP says */
  uint64_t receiving; /* payload type of the last audio packet, MEDIA_NO_TYPE for none */
  uint64_t ms;        /* since it was opened */
  sip_sockaddr remote;
} media_stats;

enum { MEDIA_SNAPSHOT_WORDS = (sizeof(media_stats) + 7) / 8 };

typedef struct media_snapshot {
  _Atomic uint32_t version; /* odd while it is written */
  _Atomic uint64_t words[MEDIA_SNAPSHOT_WORDS];
} media_snapshot;

/* The world's. */
void media_snapshot_write(media_snapshot *snapshot, const media_stats *stats);
/* Anybody's. */
void media_snapshot_read(media_snapshot *snapshot, media_stats *stats);

#endif
