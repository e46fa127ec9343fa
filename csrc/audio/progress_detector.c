/* SPDX-License-Identifier: MIT
 *
 * Each block of 20 ms is a sound (nearly all of it between 275 and 675 Hz), a pause or
 * something else, such as speech. Blocks at an edge may be anything: a few that are
 * something else belong to what was before; more of them, and all is forgotten.
 */
#include "audio/progress_detector.h"

#include "audio/level.h"

enum state { NOTHING, SOUND, PAUSE, OTHER };

enum {
  BLOCKS_PER_SECOND = 50,
  BLOCK_MS = 1000 / BLOCKS_PER_SECOND,
  DIAL_BLOCKS = 3000 / BLOCK_MS,
  RING_MIN = 300 / BLOCK_MS,  /* E.180 5: sounds of 0.67 to 2.5 s, pauses of 3 to 6 s; */
  RING_MAX = 2900 / BLOCK_MS, /* and real ones */
  RING_PAUSE_MIN = 1500 / BLOCK_MS,
  RING_PAUSE_MAX = 6500 / BLOCK_MS,
  CADENCE_MIN = 80 / BLOCK_MS, /* E.180 6: busy has cycles of 300 to 1100 ms */
  CADENCE_MAX = 900 / BLOCK_MS,
  CONGESTION_MAX = 300 / BLOCK_MS,
  JITTER = 2, /* blocks between equal lengths */
  CYCLES = 3,
  EDGE = 3, /* blocks */
};

static const double bands[AUDIO_GOERTZEL_BANDS] = {300, 350, 400, 450, 500, 550, 600, 650};
static const float SHARE = 0.7F;
static const double SOUND_DBM0 = -38, PAUSE_DBM0 = -43;

void audio_progress_detector_init(audio_progress_detector *detector, uint32_t rate) {
  *detector = (audio_progress_detector){.block.size = rate / BLOCKS_PER_SECOND};
  audio_goertzel_init(&detector->bands, bands, rate);
  double sound = audio_amplitude_of_dbm0(SOUND_DBM0), pause = audio_amplitude_of_dbm0(PAUSE_DBM0);
  detector->sound = (float)(sound * sound * detector->block.size / 2);
  detector->pause = (float)(pause * pause * detector->block.size / 2);
}

static enum state judge(audio_progress_detector *d) {
  float power[AUDIO_GOERTZEL_BANDS], sum = 0;
  float energy = audio_goertzel_take(&d->bands, power);
  if (energy < d->pause) return PAUSE;
  if (energy < d->sound) return OTHER;
  for (int i = 0; i < AUDIO_GOERTZEL_BANDS; i++) sum += power[i];
  return 2 * sum >= SHARE * energy * (float)d->block.size ? SOUND : OTHER;
}

static void forget(audio_progress_detector *d) {
  d->state = NOTHING;
  d->told = 0;
  d->run = d->odd = d->on = d->off = d->cycles = 0;
}

static bool tell(audio_progress_detector *d, audio_progress what, audio_progress_event *event) {
  if (d->told == what + 1U) return false;
  d->told = (uint8_t)(what + 1);
  *event =
      (audio_progress_event){.what = what, .on_ms = d->on * BLOCK_MS, .off_ms = d->off * BLOCK_MS};
  return true;
}

static bool near(uint32_t a, uint32_t b) {
  return a <= b + JITTER && b <= a + JITTER;
}

static bool is_between(uint32_t value, uint32_t min, uint32_t max) {
  return value >= min && value <= max;
}

/* A sound and the pause after it are over. */
static bool end_cycle(audio_progress_detector *d, uint32_t off, audio_progress_event *event) {
  bool same = near(d->on, d->on_before) && near(off, d->off);
  d->on_before = d->on;
  d->off = off;
  if (is_between(off, RING_PAUSE_MIN, RING_PAUSE_MAX) && is_between(d->on, RING_MIN, RING_MAX)) {
    d->cycles = 0;
    return tell(d, AUDIO_PROGRESS_RINGBACK, event);
  }
  if (!is_between(off, CADENCE_MIN, CADENCE_MAX) || !is_between(d->on, CADENCE_MIN, CADENCE_MAX)) {
    d->cycles = 0;
    return false;
  }
  d->cycles = same ? d->cycles + 1 : 1;
  if (d->cycles < CYCLES) return false;
  return tell(d, d->on <= CONGESTION_MAX ? AUDIO_PROGRESS_CONGESTION : AUDIO_PROGRESS_BUSY, event);
}

static bool turn(audio_progress_detector *d, enum state state, audio_progress_event *event) {
  uint32_t run = d->run;
  enum state before = d->state;
  d->state = (uint8_t)state;
  d->run = 1;
  if (before == SOUND) d->on = run;
  return before == PAUSE && d->on > 0 && end_cycle(d, run, event);
}

static bool step(audio_progress_detector *d, enum state heard, audio_progress_event *event) {
  if (heard == OTHER) {
    d->run++;
    if (++d->odd > EDGE) forget(d);
    return false;
  }
  d->odd = 0;
  if (heard != d->state) return turn(d, heard, event);
  d->run++;
  if (heard == PAUSE && d->run > RING_PAUSE_MAX) forget(d);
  if (heard != SOUND || d->run < DIAL_BLOCKS) return false;
  d->on = d->run;
  d->off = 0;
  return tell(d, AUDIO_PROGRESS_DIAL, event);
}

bool audio_progress_detector_feed(audio_progress_detector *detector, audio_span *in,
                                  audio_progress_event *event) {
  while (in->len > 0) {
    audio_goertzel_feed(&detector->bands, audio_block_take(&detector->block, in));
    if (!audio_block_finish(&detector->block)) continue;
    if (step(detector, judge(detector), event)) return true;
  }
  return false;
}
