/* SPDX-License-Identifier: MIT
 *
 * Packets are kept by sequence number and played by timestamp. Both are extended to
 * counts of our own, which go on when the source's begin anew.
 */
#include "rtp/jitter_buffer.h"

enum {
  MS_PER_SECOND = 1000,
  STEP_MS = 20,         /* the most to conceal, or be silent, in one piece */
  EARLIER = 16,         /* packets that may come behind the very first one */
  REORDER_MS = 60,      /* the longest wait for a packet that others overtook */
  LOUD_EXCESS_MS = 60,  /* more than needed by this much is cut in speech too ... */
  LOUD_PAUSE_MS = 1000, /* ... as often, */
  QUIET_PAUSE_MS = 100, /* in quiet passages as often */
};

size_t rtp_jitter_memory(uint32_t bytes_per_second, uint16_t max_ms) {
  uint64_t bytes = (uint64_t)bytes_per_second * max_ms * 2 / MS_PER_SECOND;
  /* The last cell of each packet is half empty: a packet in 20 ms, at most a slot each. */
  size_t packets = (size_t)max_ms * 2 / STEP_MS + 1;
  return rtp_cells_memory(rtp_cells_for((size_t)bytes) + packets);
}

static int64_t ticks_of_ms(const rtp_jitter_buffer *b, int64_t ms) {
  return ms * b->clock_rate / MS_PER_SECOND;
}

bool rtp_jitter_buffer_init(rtp_jitter_buffer *b, const rtp_jitter_config *config) {
  int64_t min = config->min_ms ? config->min_ms : RTP_JITTER_MIN_MS;
  int64_t max = config->max_ms ? config->max_ms : RTP_JITTER_MAX_MS;
  int64_t start = config->start_ms ? config->start_ms : RTP_JITTER_START_MS;
  if (config->clock_rate == 0 || config->clock_rate > RTP_CLOCK_RATE_MAX || min > max) return false;
  *b = (rtp_jitter_buffer){.clock_rate = config->clock_rate, .noise_type = config->noise_type};
  b->min = ticks_of_ms(b, min);
  b->max = ticks_of_ms(b, max);
  b->start = ticks_of_ms(b, start);
  rtp_delay_init(&b->delay, ticks_of_ms(b, RTP_JITTER_WINDOW_MS));
  b->fresh = true;
  b->newest = b->newest_audio = -1;
  rtp_slots_init(&b->slots, -EARLIER, config->memory, config->memory_size);
  return b->slots.cells.count > 0;
}

void rtp_jitter_buffer_restart(rtp_jitter_buffer *buffer) {
  buffer->restart = buffer->started;
}

int64_t rtp_jitter_buffer_target(const rtp_jitter_buffer *b) {
  int64_t target = rtp_delay_spread(&b->delay);
  if (!b->delay.measured && target < b->start) target = b->start;
  if (target < b->min) return b->min;
  return target > b->max ? b->max : target;
}

/* How much older what has that timestamp is than an undelayed packet that comes now. */
static int64_t age_of(const rtp_jitter_buffer *b, int64_t timestamp, int64_t tick) {
  return tick - timestamp - rtp_delay_least(&b->delay);
}

int64_t rtp_jitter_buffer_delay(const rtp_jitter_buffer *b, rtp_time now) {
  return b->playing ? age_of(b, b->next_timestamp, rtp_ticks(now, b->clock_rate)) : 0;
}

/* Gives up what is in the next `count` slots. */
static void drop(rtp_jitter_buffer *b, int64_t count) {
  for (int n; (n = rtp_slots_first(&b->slots)) >= 0 && n < count;) {
    const rtp_slot *slot = rtp_slots_at(&b->slots, b->slots.next + n);
    int64_t end = slot->timestamp + slot->ticks;
    if (end > b->next_timestamp) b->next_timestamp = end;
    b->discontinuity |= slot->discontinuity;
    b->stats.overflow++;
    rtp_slots_release(&b->slots, b->slots.next + n);
  }
  rtp_slots_advance(&b->slots, count);
}

/* --- Put --------------------------------------------------------------------------- */

static int64_t sequence_of(const rtp_jitter_buffer *b, uint16_t number) {
  return b->newest + rtp_sequence_ahead(number, b->newest_number);
}

/* The number of that packet is the first of a new count, which goes on from the old. */
static void renumber(rtp_jitter_buffer *b, const rtp_packet *packet) {
  b->newest++;
  b->newest_number = packet->sequence;
  b->ssrc = packet->ssrc;
}

static void note_newest(rtp_jitter_buffer *b, int64_t sequence, uint16_t number) {
  if (sequence <= b->newest) return;
  b->newest = sequence;
  b->newest_number = number;
}

static void make_place(rtp_jitter_buffer *b, int64_t sequence) {
  int64_t last = b->slots.next + RTP_SLOTS - 1;
  if (sequence > last) drop(b, sequence - last);
}

typedef struct arrival {
  const rtp_packet *packet;
  uint32_t ticks;
  int64_t tick;
  int64_t sequence;
  int64_t timestamp; /* on the timeline */
  bool newer;        /* than all that was put */
  bool discontinuity;
} arrival;

/* Whether the timestamps of the newest packet cannot be those of the timeline: they
 * went back, though the sequence did not; they leapt ahead of time; or they stood
 * still in a pause (a sender that stops its clock: no discontinuity of sound). */
static bool has_left_timeline(const rtp_jitter_buffer *b, arrival *a) {
  int64_t age = age_of(b, a->timestamp, a->tick);
  bool back = a->timestamp <= b->last_timestamp;
  bool leapt = a->timestamp != b->end_timestamp && age < -b->max;
  a->discontinuity = back || leapt;
  return back || leapt || (!b->playing && age > b->max);
}

/* A new timeline: as if nothing delayed this packet, behind all that is queued. */
static void begin_timeline(rtp_jitter_buffer *b, arrival *a) {
  int64_t undelayed = a->tick - rtp_delay_least(&b->delay);
  a->timestamp = undelayed > b->end_timestamp ? undelayed : b->end_timestamp;
  b->stats.restarts += a->discontinuity;
}

static void place_on_timeline(rtp_jitter_buffer *b, arrival *a) {
  int32_t ahead = rtp_timestamp_ahead(a->packet->timestamp, b->last_wire);
  a->newer = a->sequence > b->newest_audio;
  a->timestamp = b->last_timestamp + ahead;
  if (!b->started) {
    a->timestamp = a->packet->timestamp;
  } else if (b->restart) {
    a->discontinuity = true;
    begin_timeline(b, a);
  } else if (a->newer && has_left_timeline(b, a)) {
    begin_timeline(b, a);
  }
}

/* Too late to be heard; or older by its number and yet not by its timestamp. A delay
 * that no buffer of this size could have made up for teaches nothing. */
static bool is_late(rtp_jitter_buffer *b, const arrival *a) {
  int64_t end = a->timestamp + (a->ticks ? a->ticks : 1);
  bool over = a->sequence < b->slots.next || (b->playing && end <= b->next_timestamp);
  bool sound = a->newer || a->timestamp < b->last_timestamp;
  if (sound && age_of(b, a->timestamp, a->tick) <= b->max) {
    rtp_delay_note(&b->delay, a->tick, a->tick - a->timestamp);
  }
  return over || !sound;
}

/* Cells for that many bytes, of older packets if need be. */
static bool make_room(rtp_jitter_buffer *b, int64_t sequence, size_t len) {
  size_t cells = rtp_cells_for(len);
  if (len > UINT16_MAX || cells > b->slots.cells.count) return false;
  while (b->slots.cells.free < cells) {
    int n = rtp_slots_first(&b->slots);
    if (b->slots.next + n > sequence) return false;
    drop(b, n + 1);
  }
  return true;
}

static void store(rtp_jitter_buffer *b, const arrival *a) {
  const rtp_packet *packet = a->packet;
  rtp_slot slot = {.timestamp = a->timestamp,
                   .wire_timestamp = packet->timestamp,
                   .ticks = (uint16_t)a->ticks,
                   .len = (uint16_t)packet->payload_len,
                   .payload_type = packet->payload_type,
                   .discontinuity = a->discontinuity};
  rtp_slots_store(&b->slots, a->sequence, &slot, packet->payload);
}

static void note_audio(rtp_jitter_buffer *b, const arrival *a) {
  if (age_of(b, a->timestamp, a->tick) < -b->max) b->stats.early++;
  b->newest_audio = a->sequence;
  b->last_wire = a->packet->timestamp;
  b->last_timestamp = a->timestamp;
  b->end_timestamp = a->timestamp + a->ticks;
  b->started = true;
  b->restart = false;
}

void rtp_jitter_buffer_put(rtp_jitter_buffer *b, const rtp_packet *packet, uint32_t ticks,
                           rtp_time now) {
  arrival a = {.packet = packet,
               .ticks = ticks < UINT16_MAX ? ticks : UINT16_MAX,
               .tick = rtp_ticks(now, b->clock_rate)};
  b->stats.received++;
  if (b->started && packet->ssrc != b->ssrc) b->restart = true;
  if (!b->started || b->restart) renumber(b, packet);
  a.sequence = sequence_of(b, packet->sequence);
  make_place(b, a.sequence);
  if (rtp_slots_has_come(&b->slots, a.sequence)) {
    b->stats.duplicate++;
    return;
  }
  place_on_timeline(b, &a);
  bool late = is_late(b, &a);
  note_newest(b, a.sequence, packet->sequence);
  if (a.newer) note_audio(b, &a);
  if (late) {
    b->stats.late++;
  } else if (!make_room(b, a.sequence, packet->payload_len)) {
    b->stats.overflow++;
  } else {
    b->stats.reordered += !a.newer;
    store(b, &a);
  }
}

void rtp_jitter_buffer_pass(rtp_jitter_buffer *b, const rtp_packet *packet) {
  if (!b->started || b->restart || packet->ssrc != b->ssrc) return;
  int64_t sequence = sequence_of(b, packet->sequence);
  make_place(b, sequence);
  note_newest(b, sequence, packet->sequence);
  rtp_slots_account(&b->slots, sequence);
}

/* --- Get --------------------------------------------------------------------------- */

/* In what pieces to conceal or to be silent. */
static uint32_t step_of(const rtp_jitter_buffer *b) {
  uint32_t step = (uint32_t)ticks_of_ms(b, STEP_MS);
  return b->frame_ticks > 0 && b->frame_ticks < step ? b->frame_ticks : step;
}

static rtp_jitter_result nothing(rtp_jitter_buffer *b, rtp_jitter_frame *out) {
  b->playing = false;
  b->stalled = 0;
  out->ticks = step_of(b);
  return RTP_JITTER_NOTHING;
}

static rtp_jitter_result conceal(rtp_jitter_buffer *b, uint32_t ticks, rtp_jitter_frame *out) {
  b->stats.concealed += ticks;
  out->ticks = ticks;
  return RTP_JITTER_LOST;
}

/* Concealed, and yet due: it may still come. */
static rtp_jitter_result wait(rtp_jitter_buffer *b, rtp_jitter_frame *out) {
  b->stalled += step_of(b);
  return conceal(b, step_of(b), out);
}

/* Nothing is there. Whether it is late, lost, or not sent shows when the next one comes;
 * the playout waits for as long as it may lag behind at all. */
static rtp_jitter_result starve(rtp_jitter_buffer *b, int64_t tick, rtp_jitter_frame *out) {
  bool waits = b->playing && age_of(b, b->next_timestamp, tick) < b->max;
  return waits ? wait(b, out) : nothing(b, out);
}

/* What is in that slot leaves it; the next one is due behind it. */
static void leave(rtp_jitter_buffer *b, int offset) {
  const rtp_slot *slot = rtp_slots_at(&b->slots, b->slots.next + offset);
  b->next_timestamp = slot->timestamp + slot->ticks;
  b->discontinuity |= slot->discontinuity;
  rtp_slots_release(&b->slots, b->slots.next + offset);
  rtp_slots_advance(&b->slots, offset + 1);
}

static rtp_jitter_result take(rtp_jitter_buffer *b, int offset, const rtp_jitter_request *request,
                              rtp_jitter_frame *out) {
  const rtp_slot *slot = rtp_slots_at(&b->slots, b->slots.next + offset);
  bool is_noise = slot->payload_type == b->noise_type, fits = slot->len <= request->size;
  out->spurt = !b->playing && !is_noise;
  out->ticks = slot->ticks;
  out->len = slot->len;
  out->timestamp = slot->wire_timestamp;
  out->payload_type = slot->payload_type;
  if (fits) rtp_cells_load(&b->slots.cells, slot->cell, request->room, slot->len);
  if (slot->ticks > 0) b->frame_ticks = slot->ticks;
  leave(b, offset);
  out->discontinuity = b->discontinuity;
  b->stats.stretched += (uint64_t)b->stalled;
  b->stalled = 0;
  if (b->fresh) b->slots.lost = 0; /* there was nothing before the first one */
  b->fresh = b->discontinuity = false;
  b->playing = !is_noise;
  if (!fits) {
    b->stats.overflow++;
    return conceal(b, step_of(b), out);
  }
  b->stats.played++;
  return RTP_JITTER_FRAME;
}

/* The slot behind that one continues it. */
static bool is_followed(rtp_jitter_buffer *b, int offset) {
  if (offset + 1 >= RTP_SLOTS || !(b->slots.present >> (offset + 1) & 1)) return false;
  const rtp_slot *slot = rtp_slots_at(&b->slots, b->slots.next + offset);
  return rtp_slots_at(&b->slots, b->slots.next + offset + 1)->timestamp ==
         slot->timestamp + slot->ticks;
}

/* By how much the packet that is due is older than it need be. */
static int64_t excess_of(const rtp_jitter_buffer *b, const rtp_slot *slot, int64_t tick) {
  return age_of(b, slot->timestamp, tick) - rtp_jitter_buffer_target(b);
}

/* Whether now is the time to leave that packet out, so that the delay gets shorter. */
static bool is_dispensable(const rtp_jitter_buffer *b, const rtp_slot *slot, int64_t tick,
                           bool quiet) {
  int64_t excess = excess_of(b, slot, tick), since = tick - b->skipped_at;
  if (quiet && excess >= slot->ticks && since >= ticks_of_ms(b, QUIET_PAUSE_MS)) return true;
  return excess >= ticks_of_ms(b, LOUD_EXCESS_MS) && since >= ticks_of_ms(b, LOUD_PAUSE_MS);
}

/* Leaves packets out: one now and then, or all the excess at once when the playout lags
 * further behind than it ever may. Where the one to be played is then. */
static int shorten(rtp_jitter_buffer *b, int offset, const rtp_jitter_request *request,
                   rtp_jitter_frame *out) {
  int64_t tick = rtp_ticks(request->now, b->clock_rate);
  int64_t limit = b->max + 2 * (int64_t)step_of(b);
  const rtp_slot *slot = rtp_slots_at(&b->slots, b->slots.next + offset);
  bool far = age_of(b, slot->timestamp, tick) > limit;
  while (is_followed(b, offset)) {
    slot = rtp_slots_at(&b->slots, b->slots.next + offset);
    bool skips = far ? excess_of(b, slot, tick) > 0 : is_dispensable(b, slot, tick, request->quiet);
    if (!skips) break;
    out->skipped += slot->ticks;
    b->stats.skipped++;
    b->skipped_at = tick;
    leave(b, offset);
    offset = 0;
  }
  return offset;
}

/* A talk spurt begins when its first packet is old enough: the one time that the delay
 * may change unheard. */
static rtp_jitter_result begin(rtp_jitter_buffer *b, int offset, const rtp_jitter_request *request,
                               rtp_jitter_frame *out) {
  const rtp_slot *slot = rtp_slots_at(&b->slots, b->slots.next + offset);
  int64_t age = age_of(b, slot->timestamp, rtp_ticks(request->now, b->clock_rate));
  if (age < rtp_jitter_buffer_target(b)) return nothing(b, out);
  b->stalled = 0;
  return take(b, offset, request, out);
}

/* Packets are missing before the next one that is there. They may have been overtaken,
 * and are waited for a little; what was concealed meanwhile is not concealed again. False when
 * nothing is left of the gap. */
static bool bridge(rtp_jitter_buffer *b, int64_t gap, int64_t tick, rtp_jitter_frame *out) {
  bool may_come = age_of(b, b->next_timestamp, tick) < rtp_jitter_buffer_target(b);
  if (may_come && b->stalled < ticks_of_ms(b, REORDER_MS)) {
    wait(b, out);
    return true;
  }
  int64_t covered = b->stalled < gap ? b->stalled : gap;
  int64_t step = step_of(b);
  b->next_timestamp += covered;
  b->stalled -= covered;
  gap -= covered;
  if (gap == 0) return false;
  if (step > gap) step = gap;
  b->next_timestamp += step;
  out->mendable = step == gap;
  conceal(b, (uint32_t)step, out);
  return true;
}

rtp_jitter_result rtp_jitter_buffer_get(rtp_jitter_buffer *b, const rtp_jitter_request *request,
                                        rtp_jitter_frame *out) {
  int64_t tick = rtp_ticks(request->now, b->clock_rate);
  int offset = rtp_slots_first(&b->slots);
  *out = (rtp_jitter_frame){0};
  if (offset < 0) return starve(b, tick, out);
  int64_t gap = rtp_slots_at(&b->slots, b->slots.next + offset)->timestamp - b->next_timestamp;
  /* Timestamps that go on behind numbers without a gap: the sender paused (RFC 3389 5.1). */
  bool paused = gap > 0 && rtp_slots_missing(&b->slots, offset) == 0;
  if (!b->playing || paused) return begin(b, offset, request, out);
  if (gap > 0 && bridge(b, gap, tick, out)) return RTP_JITTER_LOST;
  return take(b, shorten(b, offset, request, out), request, out);
}

size_t rtp_jitter_buffer_peek(rtp_jitter_buffer *b, uint8_t *room, size_t size) {
  int offset = rtp_slots_first(&b->slots);
  if (offset < 0) return 0;
  const rtp_slot *slot = rtp_slots_at(&b->slots, b->slots.next + offset);
  if (slot->timestamp != b->next_timestamp || slot->len > size) return 0;
  rtp_cells_load(&b->slots.cells, slot->cell, room, slot->len);
  return slot->len;
}

uint64_t rtp_jitter_buffer_lost(const rtp_jitter_buffer *b) {
  return b->slots.lost;
}
