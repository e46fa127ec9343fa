/* SPDX-License-Identifier: MIT
 *
 * Packets are kept by sequence number and played by timestamp.
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
  /* Other codecs than G.711 leave room in the last cell of each packet, of 20 ms mostly. */
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
  bool sound = config->clock_rate >= RTP_CLOCK_RATE_MIN &&
               config->clock_rate <= RTP_CLOCK_RATE_MAX && min <= max;
  if (!sound) return false;
  *b = (rtp_jitter_buffer){.clock_rate = config->clock_rate, .noise_type = config->noise_type};
  b->min = ticks_of_ms(b, min);
  b->max = ticks_of_ms(b, max);
  b->start = ticks_of_ms(b, start);
  rtp_timeline_init(&b->timeline, b->max, ticks_of_ms(b, RTP_JITTER_WINDOW_MS));
  b->fresh = true;
  rtp_slots_init(&b->slots, -EARLIER, config->memory, config->memory_size);
  return b->slots.cells.count > 0;
}

void rtp_jitter_buffer_restart(rtp_jitter_buffer *buffer) {
  buffer->timeline.restart = buffer->timeline.started;
}

int64_t rtp_jitter_buffer_target(const rtp_jitter_buffer *b) {
  int64_t target = rtp_delay_spread(&b->timeline.delay);
  if (!b->timeline.delay.measured && target < b->start) target = b->start;
  if (target < b->min) return b->min;
  return target > b->max ? b->max : target;
}

static int64_t age_of(const rtp_jitter_buffer *b, int64_t timestamp, int64_t tick) {
  return rtp_timeline_age(&b->timeline, timestamp, tick);
}

int64_t rtp_jitter_buffer_delay(const rtp_jitter_buffer *b) {
  return b->lag;
}

/* In what pieces to conceal or to be silent. */
static uint32_t step_of(const rtp_jitter_buffer *b) {
  uint32_t step = (uint32_t)ticks_of_ms(b, STEP_MS);
  return b->frame_ticks > 0 && b->frame_ticks < step ? b->frame_ticks : step;
}

/* More than the maximum by this much is cut at once. */
static int64_t limit_of(const rtp_jitter_buffer *b) {
  return b->max + 2 * (int64_t)step_of(b);
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

/* A slot for that number, at the cost of the oldest. */
static void make_slot(rtp_jitter_buffer *b, int64_t sequence) {
  int64_t last = b->slots.next + RTP_SLOTS - 1;
  if (sequence > last) drop(b, sequence - last);
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

static void store(rtp_jitter_buffer *b, const rtp_packet *packet, const rtp_place *place) {
  int first = rtp_slots_first(&b->slots);
  if (first >= 0) {
    int64_t waiting = rtp_slots_at(&b->slots, b->slots.next + first)->timestamp;
    b->stats.early += place->timestamp - waiting > limit_of(b);
  }
  rtp_slot slot = {.timestamp = place->timestamp,
                   .wire_timestamp = packet->timestamp,
                   .ticks = (uint16_t)place->ticks,
                   .len = (uint16_t)packet->payload_len,
                   .payload_type = packet->payload_type,
                   .discontinuity = place->discontinuity};
  rtp_slots_store(&b->slots, place->sequence, &slot, packet->payload);
}

static bool is_late(const rtp_jitter_buffer *b, const rtp_place *place) {
  int64_t end = place->timestamp + (place->ticks ? place->ticks : 1);
  return place->sequence < b->slots.next || (b->playing && end <= b->next_timestamp);
}

void rtp_jitter_buffer_put(rtp_jitter_buffer *b, const rtp_packet *packet, uint32_t ticks,
                           rtp_time now) {
  rtp_place place = {.ticks = ticks < UINT16_MAX ? ticks : UINT16_MAX,
                     .tick = rtp_ticks(now, b->clock_rate),
                     .sequence = rtp_timeline_sequence(&b->timeline, packet)};
  b->stats.received++;
  make_slot(b, place.sequence);
  if (rtp_slots_has_come(&b->slots, place.sequence)) {
    b->stats.duplicate++;
    return;
  }
  rtp_timeline_place(&b->timeline, packet, !b->playing, &place);
  if (!place.sound || is_late(b, &place)) {
    b->stats.late++;
  } else if (!make_room(b, place.sequence, packet->payload_len)) {
    b->stats.overflow++;
  } else {
    b->stats.reordered += !place.newer;
    store(b, packet, &place);
  }
}

void rtp_jitter_buffer_pass(rtp_jitter_buffer *b, const rtp_packet *packet) {
  rtp_timeline *timeline = &b->timeline;
  if (!timeline->started || timeline->restart || packet->ssrc != timeline->ssrc) return;
  int64_t sequence = rtp_timeline_sequence(timeline, packet);
  make_slot(b, sequence);
  rtp_timeline_note(timeline, sequence, packet->sequence);
  rtp_slots_account(&b->slots, sequence);
}

/* --- Get --------------------------------------------------------------------------- */

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
  b->lag = age_of(b, slot->timestamp, rtp_ticks(request->now, b->clock_rate));
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

/* Where the packet is that comes after that one; -1 when there is none yet. */
static int find_after(const rtp_jitter_buffer *b, int offset) {
  uint64_t rest = offset + 1 < RTP_SLOTS ? b->slots.present >> (offset + 1) : 0;
  return rest ? offset + 1 + __builtin_ctzll(rest) : -1;
}

/* By how much the packet that is due is older than it need be. */
static int64_t excess_of(const rtp_jitter_buffer *b, const rtp_slot *slot, int64_t tick) {
  return age_of(b, slot->timestamp, tick) - rtp_jitter_buffer_target(b);
}

/* Whether now is the time to leave that packet out, so that the delay gets shorter. */
static bool is_dispensable(const rtp_jitter_buffer *b, const rtp_slot *slot, int64_t tick,
                           bool quiet) {
  int64_t excess = excess_of(b, slot, tick);
  int64_t since = b->stats.skipped > 0 ? tick - b->skipped_at : INT64_MAX;
  if (slot->ticks == 0) return false;
  if (quiet && excess >= slot->ticks && since >= ticks_of_ms(b, QUIET_PAUSE_MS)) return true;
  return excess >= ticks_of_ms(b, LOUD_EXCESS_MS) && since >= ticks_of_ms(b, LOUD_PAUSE_MS);
}

/* Leaves packets out: one now and then, when another continues it; or all the excess at
 * once, when the playout lags further behind than it ever may. Where the one to be
 * played is then. */
static int shorten(rtp_jitter_buffer *b, int offset, const rtp_jitter_request *request,
                   rtp_jitter_frame *out) {
  int64_t tick = rtp_ticks(request->now, b->clock_rate);
  const rtp_slot *slot = rtp_slots_at(&b->slots, b->slots.next + offset);
  bool far = age_of(b, slot->timestamp, tick) > limit_of(b);
  for (int after; (after = find_after(b, offset)) >= 0; offset = after - offset - 1) {
    slot = rtp_slots_at(&b->slots, b->slots.next + offset);
    int64_t follows = rtp_slots_at(&b->slots, b->slots.next + after)->timestamp;
    bool continued = follows == slot->timestamp + slot->ticks;
    bool skips = far ? excess_of(b, slot, tick) > 0
                     : continued && is_dispensable(b, slot, tick, request->quiet);
    if (!skips) break;
    out->skipped += (uint32_t)(follows - slot->timestamp);
    b->stats.skipped++;
    b->skipped_at = tick;
    leave(b, offset);
    b->next_timestamp = follows;
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
 * and are waited for a little; what was concealed meanwhile is not concealed again.
 * False when nothing is left of the gap. */
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
  /* Timestamps that go on behind numbers without a gap: the sender paused (RFC 3389 5.1).
   * So long a gap is none to be concealed. */
  bool paused = gap > 0 && (rtp_slots_missing(&b->slots, offset) == 0 || gap > b->max);
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

uint32_t rtp_jitter_buffer_restarts(const rtp_jitter_buffer *b) {
  return b->timeline.restarts;
}

uint64_t rtp_jitter_buffer_lost(const rtp_jitter_buffer *b) {
  return b->slots.lost;
}
