/* SPDX-License-Identifier: MIT
 *
 * Telephone events to send (RFC 4733 2.5.1): a queue of events and pauses, of which
 * each tick of the media clock makes at most one packet, in the place of audio.
 */
#ifndef MOONSIP_RTP_EVENT_SENDER_H
#define MOONSIP_RTP_EVENT_SENDER_H

#include "rtp/telephone_event.h"

enum {
  RTP_EVENT_QUEUE = 32,
  RTP_EVENT_DURATION_MS = 100,
  RTP_EVENT_GAP_MS = 70,
  RTP_EVENT_VOLUME = 10,     /* -dBm0 */
  RTP_EVENT_FINAL_COUNT = 3, /* the final packet is sent as often (2.5.1.4) */
};

typedef struct rtp_event_order {
  bool pause; /* nothing is sent for `duration`; `code` and the rest are ignored */
  uint8_t code;
  uint8_t volume;    /* 0 to RTP_EVENT_VOLUME_MAX, -dBm0 */
  uint32_t duration; /* ticks, at least 1; above RTP_EVENT_DURATION_MAX in segments */
  uint32_t gap;      /* ticks until the next order begins */
} rtp_event_order;

typedef enum rtp_event_sending {
  RTP_EVENT_WAITING, /* the order at the front has not begun */
  RTP_EVENT_SENDING, /* an event goes on, or its final packets */
  RTP_EVENT_RESTING, /* its gap, or a pause */
} rtp_event_sending;

typedef struct rtp_event_sender {
  rtp_event_order queue[RTP_EVENT_QUEUE];
  uint32_t first;
  uint32_t count;
  uint8_t finals;    /* final packets of the segment, sent so far */
  bool first_packet; /* nothing was sent of the event yet */
  rtp_event_sending phase;
  uint32_t elapsed;   /* ticks of the order, its gap included */
  uint32_t before;    /* ticks of the segments that are complete */
  uint32_t timestamp; /* of this segment */
} rtp_event_sender;

typedef struct rtp_event_payload {
  bool marker;
  uint32_t timestamp;
  uint8_t bytes[RTP_EVENT_SIZE];
} rtp_event_payload;

void rtp_event_sender_init(rtp_event_sender *sender);

/* An order of default duration, gap and volume on that clock. */
rtp_event_order rtp_event_order_default(uint8_t code, uint32_t clock_rate);

/* False when RTP_EVENT_QUEUE orders wait already, or the order is not as said above. */
bool rtp_event_sender_push(rtp_event_sender *sender, const rtp_event_order *order);

/* The rest of what waits is given up; an event that goes on ends with this tick. */
void rtp_event_sender_stop(rtp_event_sender *sender);

/* The order pushed last lasts that long, or what was sent of it when that is more: for
 * events whose length shows when they are over. */
void rtp_event_sender_shorten(rtp_event_sender *sender, uint32_t ticks);

/* True until the last order and its gap are over. */
bool rtp_event_sender_is_busy(const rtp_event_sender *sender);

/* One tick of `ticks` on the clock begins at that timestamp. True when this payload
 * takes the place of its audio. */
bool rtp_event_sender_tick(rtp_event_sender *sender, uint32_t timestamp, uint32_t ticks,
                           rtp_event_payload *out);

#endif
