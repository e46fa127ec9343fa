/* SPDX-License-Identifier: MIT
 *
 * The newest packet is the reference: others are as far from it as the differences of
 * their numbers and timestamps say.
 */
#include "rtp/jitter_timeline.h"

#include "rtp/time.h"

void rtp_timeline_init(rtp_timeline *timeline, int64_t max, int64_t window_ticks) {
  *timeline = (rtp_timeline){.max = max, .newest = -1, .newest_audio = -1};
  rtp_delay_init(&timeline->delay, window_ticks);
}

int64_t rtp_timeline_age(const rtp_timeline *timeline, int64_t timestamp, int64_t tick) {
  return tick - timestamp - rtp_delay_least(&timeline->delay);
}

int64_t rtp_timeline_sequence(rtp_timeline *t, const rtp_packet *packet) {
  if (t->started && packet->ssrc != t->ssrc) t->restart = true;
  if (!t->started || t->restart) {
    t->newest++;
    t->newest_number = packet->sequence;
    t->ssrc = packet->ssrc;
  }
  return t->newest + rtp_sequence_ahead(packet->sequence, t->newest_number);
}

void rtp_timeline_note(rtp_timeline *timeline, int64_t sequence, uint16_t number) {
  if (sequence <= timeline->newest) return;
  timeline->newest = sequence;
  timeline->newest_number = number;
}

/* Whether the timestamps of the newest packet cannot be those of the timeline: they
 * went back, though the sequence did not; a talk spurt begins ahead of time; or they
 * stood still in a pause (a sender that stops its clock: no discontinuity of sound). */
static bool has_left(const rtp_timeline *t, const rtp_packet *packet, bool pause,
                     rtp_place *place) {
  int64_t age = rtp_timeline_age(t, place->timestamp, place->tick);
  bool known = !rtp_delay_is_outdated(&t->delay, place->tick);
  bool back = place->timestamp <= t->last_timestamp;
  bool leapt = known && age < -t->max && packet->marker;
  place->discontinuity = t->restart || back || leapt;
  return place->discontinuity || (known && pause && age > t->max);
}

/* As if nothing delayed it, behind all that is queued. */
static void rejoin(rtp_timeline *t, rtp_place *place) {
  int64_t undelayed = place->tick - rtp_delay_least(&t->delay);
  place->timestamp = undelayed > t->end_timestamp ? undelayed : t->end_timestamp;
  t->restarts += place->discontinuity;
}

/* What a packet tells of the network: not a delay that no buffer of this size could make
 * up for, unless nothing else is known. */
static void learn(rtp_timeline *t, const rtp_place *place) {
  bool known = !rtp_delay_is_outdated(&t->delay, place->tick);
  if (known && rtp_timeline_age(t, place->timestamp, place->tick) > t->max) return;
  rtp_delay_note(&t->delay, place->tick, place->tick - place->timestamp);
}

void rtp_timeline_place(rtp_timeline *t, const rtp_packet *packet, bool pause, rtp_place *place) {
  int32_t ahead = rtp_timestamp_ahead(packet->timestamp, t->last_wire);
  place->newer = place->sequence > t->newest_audio;
  place->timestamp = t->started ? t->last_timestamp + ahead : (int64_t)packet->timestamp;
  if (t->started && place->newer && has_left(t, packet, pause, place)) rejoin(t, place);
  place->sound = place->newer || place->timestamp < t->last_timestamp;
  if (place->sound) learn(t, place);
  rtp_timeline_note(t, place->sequence, packet->sequence);
  if (!place->newer) return;
  t->newest_audio = place->sequence;
  t->last_wire = packet->timestamp;
  t->last_timestamp = place->timestamp;
  t->end_timestamp = place->timestamp + place->ticks;
  t->started = true;
  t->restart = false;
}
