/* SPDX-License-Identifier: MIT
 *
 * Telephone events received (RFC 4733 2.5.2): each once, at its first packet, and
 * once more at its end, whatever is lost, copied or reordered. An event is its code
 * and timestamp, of whichever SSRC: some senders use another one than their audio's. A
 * sender whose timestamps stand still is understood all the same: an event that begins
 * anew, in a packet that is newer than its end, is another.
 */
#ifndef MOONSIP_RTP_EVENT_RECEIVER_H
#define MOONSIP_RTP_EVENT_RECEIVER_H

#include "rtp/packet.h"
#include "rtp/telephone_event.h"
#include "rtp/time.h"

enum {
  RTP_EVENT_HISTORY = 16,   /* events that ended, whose late copies are known */
  RTP_EVENT_PACKED_MAX = 4, /* events in one packet (2.5.1.5) that are looked at */
  RTP_EVENT_REPORTS = 16,   /* that wait to be taken: those of one packet fit */
  RTP_EVENT_LOST_UPDATES = 3,
  RTP_EVENT_UPDATE_MS = 50, /* the longest usual interval of updates (2.5.1.2) */
};

typedef enum rtp_event_phase {
  RTP_EVENT_STARTED,
  RTP_EVENT_ENDED,   /* by its E bit, or by the event that came next */
  RTP_EVENT_TIMEOUT, /* no update for RTP_EVENT_LOST_UPDATES intervals */
} rtp_event_phase;

typedef struct rtp_event_report {
  rtp_event_phase phase;
  uint8_t code;
  uint8_t volume; /* -dBm0 */
  uint32_t ssrc;
  uint32_t timestamp; /* of its first segment */
  uint32_t duration;  /* ticks, as far as known: all segments */
} rtp_event_report;

typedef struct rtp_event_key {
  uint32_t timestamp;
  uint16_t sequence; /* of its newest packet */
  uint16_t duration; /* ticks, of this segment */
  uint8_t code;      /* and a timestamp: what an event is known by */
  bool used;
  bool lapsed; /* it ended for want of updates */
} rtp_event_key;

typedef struct rtp_event_receiver {
  bool active; /* an event is going on */
  rtp_event_report event;
  uint32_t segment;  /* timestamp of its last segment */
  uint32_t before;   /* ticks of the segments before that one */
  uint16_t sequence; /* of its newest packet */
  rtp_time updated_at;
  rtp_event_key history[RTP_EVENT_HISTORY];
  uint32_t history_next;
  uint32_t report_first;
  uint32_t report_count;
  rtp_event_report reports[RTP_EVENT_REPORTS];
  uint32_t malformed; /* packets without a whole event */
  uint32_t copies;    /* of events that had ended: retransmissions and duplicates */
} rtp_event_receiver;

void rtp_event_receiver_init(rtp_event_receiver *receiver);

/* A packet with the payload type of telephone-event, of the peer's address. The reports
 * that came of it, at most RTP_EVENT_REPORTS, wait: older ones that nobody took are
 * given up first. */
void rtp_event_receiver_packet(rtp_event_receiver *receiver, const rtp_packet *packet,
                               rtp_time now);

/* When the event that goes on ends for want of updates; RTP_TIME_NEVER without one. */
rtp_time rtp_event_receiver_deadline(const rtp_event_receiver *receiver);

/* Time passed: ends what is overdue. */
void rtp_event_receiver_tick(rtp_event_receiver *receiver, rtp_time now);

/* The next report; false when none waits. */
bool rtp_event_receiver_next(rtp_event_receiver *receiver, rtp_event_report *out);

#endif
