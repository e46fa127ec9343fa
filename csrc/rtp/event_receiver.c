/* SPDX-License-Identifier: MIT
 *
 * At most one event goes on. What ended is remembered by its key, so that copies and
 * stragglers of it are known for what they are.
 */
#include "rtp/event_receiver.h"

#define TIMEOUT_NS (RTP_EVENT_LOST_UPDATES * RTP_EVENT_UPDATE_MS * RTP_MS)

void rtp_event_receiver_init(rtp_event_receiver *receiver) {
  *receiver = (rtp_event_receiver){0};
}

static void report(rtp_event_receiver *r, rtp_event_phase phase) {
  if (r->report_count == RTP_EVENT_REPORTS) {
    r->report_first = (r->report_first + 1) % RTP_EVENT_REPORTS;
    r->report_count--;
  }
  uint32_t at = (r->report_first + r->report_count++) % RTP_EVENT_REPORTS;
  r->reports[at] = r->event;
  r->reports[at].phase = phase;
}

static void remember(rtp_event_receiver *r, rtp_event_key key) {
  r->history[r->history_next] = key;
  r->history_next = (r->history_next + 1) % RTP_EVENT_HISTORY;
}

static rtp_event_key *find(rtp_event_receiver *r, uint8_t code, uint32_t timestamp) {
  for (size_t i = 0; i < RTP_EVENT_HISTORY; i++) {
    rtp_event_key *key = &r->history[i];
    if (key->used && key->code == code && key->timestamp == timestamp) return key;
  }
  return NULL;
}

/* The key of the segment that goes on. */
static rtp_event_key current_key(const rtp_event_receiver *r) {
  return (rtp_event_key){.timestamp = r->segment,
                         .sequence = r->sequence,
                         .duration = (uint16_t)(r->event.duration - r->before),
                         .code = r->event.code,
                         .used = true};
}

static void finish(rtp_event_receiver *r, rtp_event_phase phase) {
  rtp_event_key key = current_key(r);
  key.lapsed = phase == RTP_EVENT_TIMEOUT;
  remember(r, key);
  r->active = false;
  report(r, phase);
}

static void start(rtp_event_receiver *r, const rtp_packet *packet, uint32_t timestamp,
                  const rtp_event *event) {
  r->event = (rtp_event_report){.code = event->code,
                                .volume = event->volume,
                                .ssrc = packet->ssrc,
                                .timestamp = timestamp,
                                .duration = event->duration};
  r->active = true;
  r->sequence = packet->sequence;
  r->segment = timestamp;
  r->before = 0;
  report(r, RTP_EVENT_STARTED);
}

static bool is_newer(uint16_t sequence, uint16_t than) {
  return (int16_t)(uint16_t)(sequence - than) > 0;
}

static void update(rtp_event_receiver *r, const rtp_packet *packet, const rtp_event *event,
                   rtp_time now) {
  if (is_newer(packet->sequence, r->sequence)) r->sequence = packet->sequence;
  uint32_t duration = r->before + event->duration;
  if (duration > r->event.duration) r->event.duration = duration;
  r->updated_at = now;
  if (event->end) finish(r, RTP_EVENT_ENDED);
}

/* The event that goes on continues in a segment that begins where the last one ended
 * (2.5.2.3). */
static bool is_next_segment(const rtp_event_receiver *r, uint8_t code, uint32_t timestamp) {
  return r->active && r->event.code == code &&
         timestamp == r->segment + (uint32_t)RTP_EVENT_DURATION_MAX;
}

/* The key was pressed again, by a sender whose timestamp did not move: a packet behind the
 * last one begins from a shorter duration. One that continues what lapsed is longer. */
static bool is_pressed_again(const rtp_event_receiver *r, const rtp_event_key *key,
                             const rtp_packet *packet, const rtp_event *event) {
  return !event->end && packet->ssrc == r->event.ssrc && event->duration < key->duration &&
         is_newer(packet->sequence, key->sequence) && packet->payload_len == RTP_EVENT_SIZE;
}

/* A copy of what ended; or a later segment of an event that lapsed, which is not to be
 * started again (2.5.2.2). */
static bool is_over(rtp_event_receiver *r, const rtp_packet *packet, uint32_t timestamp,
                    const rtp_event *event) {
  uint8_t code = event->code;
  rtp_event_key *key = find(r, code, timestamp);
  if (key) {
    key->used = !is_pressed_again(r, key, packet, event);
    return key->used;
  }
  const rtp_event_key *before = find(r, code, timestamp - (uint32_t)RTP_EVENT_DURATION_MAX);
  if (packet->marker || !before || !before->lapsed) return false;
  remember(r, (rtp_event_key){.timestamp = timestamp,
                              .sequence = packet->sequence,
                              .duration = event->duration,
                              .code = code,
                              .used = true,
                              .lapsed = true});
  return true;
}

static void receive(rtp_event_receiver *r, const rtp_packet *packet, uint32_t timestamp,
                    const rtp_event *event, rtp_time now) {
  bool current = r->active && r->event.code == event->code && r->segment == timestamp;
  if (is_next_segment(r, event->code, timestamp)) {
    remember(r, current_key(r));
    r->segment = timestamp;
    r->before += RTP_EVENT_DURATION_MAX;
  } else if (!current) {
    if (is_over(r, packet, timestamp, event)) {
      r->copies++;
      return;
    }
    if (r->active) finish(r, RTP_EVENT_ENDED);
    start(r, packet, timestamp, event);
  }
  update(r, packet, event, now);
}

void rtp_event_receiver_packet(rtp_event_receiver *receiver, const rtp_packet *packet,
                               rtp_time now) {
  rtp_event event;
  rtp_event_receiver_tick(receiver, now);
  if (packet->payload_len < RTP_EVENT_SIZE) receiver->malformed++;
  uint32_t timestamp = packet->timestamp;
  for (size_t i = 0, at = 0; i < RTP_EVENT_PACKED_MAX; i++, at += RTP_EVENT_SIZE) {
    if (!rtp_event_parse(packet->payload + at, packet->payload_len - at, &event)) return;
    receive(receiver, packet, timestamp, &event, now);
    timestamp += event.duration;
  }
}

rtp_time rtp_event_receiver_deadline(const rtp_event_receiver *receiver) {
  if (!receiver->active) return RTP_TIME_NEVER;
  return rtp_time_after(receiver->updated_at, TIMEOUT_NS);
}

void rtp_event_receiver_tick(rtp_event_receiver *receiver, rtp_time now) {
  if (receiver->active && now >= rtp_event_receiver_deadline(receiver)) {
    finish(receiver, RTP_EVENT_TIMEOUT);
  }
}

bool rtp_event_receiver_next(rtp_event_receiver *receiver, rtp_event_report *out) {
  if (receiver->report_count == 0) return false;
  *out = receiver->reports[receiver->report_first];
  receiver->report_first = (receiver->report_first + 1) % RTP_EVENT_REPORTS;
  receiver->report_count--;
  return true;
}
