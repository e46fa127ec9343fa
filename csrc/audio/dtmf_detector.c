/* SPDX-License-Identifier: MIT
 *
 * A block is a digit when one frequency of each group stands out of its group, the two
 * are about equally loud, and hardly anything else is there. Two such blocks in a row
 * begin a digit, three of others end it: 40 ms of tone hold two whole blocks however
 * they lie, 40 ms of pause spoil three.
 */
#include "audio/dtmf_detector.h"

#include <math.h>

#include "audio/level.h"

static const double pitches[AUDIO_GOERTZEL_BANDS] = {/* ITU-T Q.23 */
                                                     697, 770, 852, 941, 1209, 1336, 1477, 1633};
static const char keys[4][4] = {"123A", "456B", "789C", "*0#D"};

enum {
  GROUP = 4,
  BLOCK = 102, /* samples at BLOCK_RATE: 12.75 ms tell 73 Hz apart, the least distance */
  BLOCK_RATE = 8000,
  HITS_TO_BEGIN = 2,
  MISSES_TO_END = 3,
};

static const float STANDS_OUT = 6.3F; /* 8 dB above the others of its group */
static const float SHARE = 0.72F;     /* of the block's energy that the two hold */

static const audio_dtmf_settings defaults = {
    .twist_db = 8, .reverse_twist_db = 6, .threshold_dbm0 = -38};

static double power_of_db(double db) {
  return exp(db / 10 * log(10));
}

void audio_dtmf_detector_init(audio_dtmf_detector *detector, uint32_t rate,
                              const audio_dtmf_settings *settings) {
  audio_dtmf_settings s = settings ? *settings : defaults;
  if (s.twist_db == 0) s.twist_db = defaults.twist_db;
  if (s.reverse_twist_db == 0) s.reverse_twist_db = defaults.reverse_twist_db;
  if (s.threshold_dbm0 == 0) s.threshold_dbm0 = defaults.threshold_dbm0;
  *detector = (audio_dtmf_detector){.rate = rate, .block.size = rate * BLOCK / BLOCK_RATE};
  audio_goertzel_init(&detector->pitches, pitches, rate);
  detector->twist = (float)power_of_db(s.twist_db);
  detector->reverse_twist = (float)power_of_db(s.reverse_twist_db);
  double peak = audio_amplitude_of_dbm0(s.threshold_dbm0) * detector->block.size / 2;
  detector->threshold = (float)(peak * peak);
}

/* The loudest of a group, or -1 when it does not stand out. */
static int loudest(const float *group, float threshold) {
  int best = 0;
  for (int i = 1; i < GROUP; i++) {
    if (group[i] > group[best]) best = i;
  }
  if (group[best] < threshold) return -1;
  for (int i = 0; i < GROUP; i++) {
    if (i != best && group[i] * STANDS_OUT > group[best]) return -1;
  }
  return best;
}

/* The digit of the block that is full, 0 for none. */
static char judge(audio_dtmf_detector *d) {
  float power[AUDIO_GOERTZEL_BANDS];
  float energy = audio_goertzel_take(&d->pitches, power);
  int low = loudest(power, d->threshold), high = loudest(power + GROUP, d->threshold);
  if (low < 0 || high < 0) return 0;
  float l = power[low], h = power[GROUP + high];
  if (l > h * d->twist || h > l * d->reverse_twist) return 0;
  if ((l + h) * 2 < SHARE * energy * (float)d->block.size) return 0;
  return keys[low][high];
}

static uint32_t duration(const audio_dtmf_detector *d) {
  return (uint32_t)((uint64_t)d->blocks * d->block.size * 1000 / d->rate);
}

/* What one more block means; true for an event. */
static bool step(audio_dtmf_detector *d, char heard, audio_dtmf_event *event) {
  d->hits = heard && heard == d->last ? d->hits + 1 : heard != 0;
  d->last = heard;
  if (d->digit) {
    d->misses = heard == d->digit ? 0 : d->misses + 1;
    d->blocks++;
    if (d->misses < MISSES_TO_END) return false;
    d->blocks -= d->misses;
    *event = (audio_dtmf_event){.digit = d->digit, .ended = true, .duration_ms = duration(d)};
    d->digit = 0;
    return true;
  }
  if (d->hits < HITS_TO_BEGIN) return false;
  d->digit = heard;
  d->misses = 0;
  d->blocks = d->hits;
  *event = (audio_dtmf_event){.digit = heard, .duration_ms = duration(d)};
  return true;
}

bool audio_dtmf_detector_feed(audio_dtmf_detector *detector, audio_span *in,
                              audio_dtmf_event *event) {
  while (in->len > 0) {
    audio_goertzel_feed(&detector->pitches, audio_block_take(&detector->block, in));
    if (!audio_block_finish(&detector->block)) continue;
    if (step(detector, judge(detector), event)) return true;
  }
  return false;
}
