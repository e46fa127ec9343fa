/* SPDX-License-Identifier: MIT
 *
 * Two shifts, of sequence numbers and of timestamps, are all there is to it. A packet
 * kept to ourselves, or one of ours in between, changes the first; packets that were on
 * their way before then come with the old one.
 */
#include "media/relay.h"

enum {
  SMOOTH_MS = 60, /* a gap of timestamps up to this is none: the streams join */
  JUMP_MS = 2000, /* one of theirs that is: they began anew */
};

void media_relay_start(media_relay *relay) {
  if (relay->is_on) return;
  *relay = (media_relay){.is_on = true};
}

void media_relay_stop(media_relay *relay) {
  relay->is_on = relay->has_begun = false;
}

static uint32_t ticks_of(const rtp_sender *sender, uint32_t ms) {
  return (uint32_t)((uint64_t)sender->clock_rate * ms / 1000);
}

/* Where our stream goes on: behind the last packet, unless that was long ago. */
static void begin(media_relay *relay, const rtp_sender *sender, rtp_packet *packet) {
  int32_t behind = rtp_timestamp_ahead(sender->timestamp, sender->next_timestamp);
  int32_t most = (int32_t)ticks_of(sender, SMOOTH_MS);
  bool joins = sender->talking && behind <= most && behind >= -most;
  uint32_t timestamp = joins ? sender->next_timestamp : sender->timestamp;
  relay->has_begun = true;
  relay->ssrc = packet->ssrc;
  relay->highest = (uint16_t)(packet->sequence - 1);
  relay->turned = (uint16_t)(relay->highest - MEDIA_RELAY_WINDOW);
  relay->shift = relay->old_shift = (uint16_t)(sender->sequence - packet->sequence);
  relay->timestamp = packet->timestamp;
  relay->timestamp_shift = timestamp - packet->timestamp;
  packet->marker = packet->marker || !joins;
}

static bool begins_anew(const media_relay *relay, const rtp_sender *sender,
                        const rtp_packet *packet) {
  if (!relay->has_begun || relay->ssrc != packet->ssrc) return true;
  int16_t ahead = rtp_sequence_ahead(packet->sequence, relay->highest);
  int32_t step = rtp_timestamp_ahead(packet->timestamp, relay->timestamp);
  int32_t most = (int32_t)ticks_of(sender, JUMP_MS);
  return ahead > MEDIA_RELAY_WINDOW * MEDIA_RELAY_WINDOW || (ahead > 0 && step < -most);
}

static void count(rtp_sender *sender, const rtp_packet *packet, uint32_t ticks) {
  sender->packets++;
  sender->octets += packet->payload_len;
  if (rtp_sequence_ahead(packet->sequence, (uint16_t)(sender->sequence - 1)) <= 0) return;
  sender->sequence = (uint16_t)(packet->sequence + 1);
  sender->next_timestamp = packet->timestamp + ticks;
  sender->talking = true;
}

bool media_relay_pass(media_relay *relay, rtp_sender *sender, uint32_t ticks, rtp_packet *packet) {
  if (begins_anew(relay, sender, packet)) begin(relay, sender, packet);
  int16_t ahead = rtp_sequence_ahead(packet->sequence, relay->highest);
  if (ahead <= -MEDIA_RELAY_WINDOW) return false;
  if (ahead > 0) {
    relay->highest = packet->sequence;
    relay->timestamp = packet->timestamp;
  }
  bool is_old = rtp_sequence_ahead(packet->sequence, relay->turned) <= 0;
  packet->sequence = (uint16_t)(packet->sequence + (is_old ? relay->old_shift : relay->shift));
  packet->timestamp += relay->timestamp_shift;
  packet->ssrc = sender->ssrc;
  packet->csrc_count = 0;
  packet->has_extension = false;
  count(sender, packet, ticks);
  return true;
}

static void turn(media_relay *relay, int change) {
  relay->turned = relay->highest;
  relay->old_shift = relay->shift;
  relay->shift = (uint16_t)(relay->shift + change);
}

void media_relay_swallow(media_relay *relay, const rtp_packet *packet) {
  if (!relay->has_begun || relay->ssrc != packet->ssrc) return;
  if (rtp_sequence_ahead(packet->sequence, relay->highest) <= 0) return;
  uint16_t lost = (uint16_t)(packet->sequence - relay->highest - 1);
  relay->highest = (uint16_t)(relay->highest + lost); /* what was lost before it stays a hole */
  turn(relay, -1);
  relay->highest = packet->sequence;
  relay->turned = packet->sequence;
}

void media_relay_insert(media_relay *relay) {
  if (relay->has_begun) turn(relay, 1);
}

void media_relay_rejoin(const media_relay *relay, rtp_sender *sender) {
  if (!relay->has_begun) return;
  int32_t ahead = rtp_timestamp_ahead(sender->next_timestamp, sender->timestamp);
  if (ahead <= 0) return;
  sender->first_timestamp += (uint32_t)ahead;
  sender->timestamp += (uint32_t)ahead;
}
