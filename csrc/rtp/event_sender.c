/* SPDX-License-Identifier: MIT
 *
 * `elapsed` runs from the start of an order through its gap. An event of 100 ms in
 * ticks of 20 ms is five packets, of which the last is sent twice more in the gap.
 */
#include "rtp/event_sender.h"

enum { MS_PER_SECOND = 1000 };

void rtp_event_sender_init(rtp_event_sender *sender) {
  *sender = (rtp_event_sender){0};
}

rtp_event_order rtp_event_order_default(uint8_t code, uint32_t clock_rate) {
  return (rtp_event_order){.code = code,
                           .volume = RTP_EVENT_VOLUME,
                           .duration = clock_rate * RTP_EVENT_DURATION_MS / MS_PER_SECOND,
                           .gap = clock_rate * RTP_EVENT_GAP_MS / MS_PER_SECOND};
}

bool rtp_event_sender_push(rtp_event_sender *sender, const rtp_event_order *order) {
  bool sound = order->duration > 0 && order->volume <= RTP_EVENT_VOLUME_MAX &&
               order->duration <= UINT32_MAX / 2 && order->gap <= UINT32_MAX / 4;
  if (!sound || sender->count == RTP_EVENT_QUEUE) return false;
  sender->queue[(sender->first + sender->count++) % RTP_EVENT_QUEUE] = *order;
  return true;
}

bool rtp_event_sender_is_busy(const rtp_event_sender *sender) {
  return sender->count > 0;
}

void rtp_event_sender_shorten(rtp_event_sender *s, uint32_t ticks) {
  if (s->count == 0) return;
  rtp_event_order *last = &s->queue[(s->first + s->count - 1) % RTP_EVENT_QUEUE];
  bool begun = s->count == 1 && s->phase != RTP_EVENT_WAITING;
  if (begun && s->elapsed > ticks) ticks = s->elapsed;
  if (ticks > 0 && ticks < last->duration) last->duration = ticks;
}

void rtp_event_sender_stop(rtp_event_sender *s) {
  bool sending = s->phase == RTP_EVENT_SENDING;
  s->count = sending ? 1 : 0;
  s->phase = sending ? RTP_EVENT_SENDING : RTP_EVENT_WAITING;
  if (!sending) return;
  s->queue[s->first].gap = 0;
  rtp_event_sender_shorten(s, s->elapsed);
}

/* The order at the front begins with this tick. */
static void begin(rtp_event_sender *s, const rtp_event_order *order, uint32_t timestamp) {
  s->phase = order->pause ? RTP_EVENT_RESTING : RTP_EVENT_SENDING;
  s->timestamp = timestamp;
  s->first_packet = true;
  s->elapsed = s->before = 0;
  s->finals = 0;
}

/* The final packet of a segment was sent for the last time. */
static void end_segment(rtp_event_sender *s, bool end) {
  s->finals = 0;
  if (end) {
    s->phase = RTP_EVENT_RESTING;
    return;
  }
  s->before += RTP_EVENT_DURATION_MAX;
  s->timestamp += RTP_EVENT_DURATION_MAX;
}

/* The packet for the tick that ends at `elapsed`. */
static void write_packet(rtp_event_sender *s, const rtp_event_order *order,
                         rtp_event_payload *out) {
  uint32_t left = order->duration - s->before; /* of the event, from this segment on */
  uint32_t so_far = s->elapsed - s->before;
  uint32_t limit = left < RTP_EVENT_DURATION_MAX ? left : RTP_EVENT_DURATION_MAX;
  bool final = so_far >= limit, end = final && limit == left;
  rtp_event event = {.code = order->code,
                     .end = end,
                     .volume = order->volume,
                     .duration = (uint16_t)(final ? limit : so_far)};
  out->marker = s->first_packet;
  out->timestamp = s->timestamp;
  rtp_event_write(&event, out->bytes);
  s->first_packet = false;
  if (final && ++s->finals == RTP_EVENT_FINAL_COUNT) end_segment(s, end);
}

/* The order at the front is over with its gap: the next one may begin. */
static void retire(rtp_event_sender *s) {
  const rtp_event_order *order = &s->queue[s->first];
  if (s->phase != RTP_EVENT_RESTING || s->elapsed < order->duration + order->gap) return;
  s->first = (s->first + 1) % RTP_EVENT_QUEUE;
  s->count--;
  s->phase = RTP_EVENT_WAITING;
}

bool rtp_event_sender_tick(rtp_event_sender *s, uint32_t timestamp, uint32_t ticks,
                           rtp_event_payload *out) {
  if (s->count > 0) retire(s);
  if (s->count == 0) return false;
  const rtp_event_order *order = &s->queue[s->first];
  if (s->phase == RTP_EVENT_WAITING) begin(s, order, timestamp);
  s->elapsed += ticks;
  if (s->phase != RTP_EVENT_SENDING) return false;
  write_packet(s, order, out);
  return true;
}
