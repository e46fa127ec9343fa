/* SPDX-License-Identifier: MIT
 *
 * The numbers are those of G.711 Appendix I (I.2): 48.75 ms of history, pitch periods of
 * 5 to 15 ms, one of them in the first 10 ms of a gap, then two, then three, full loudness
 * for 10 ms and then a fifth less every 10 ms. Unlike there no sample is held back to
 * smooth the beginning of a gap: the step at its edge is subtracted and dies away.
 */
#include "audio/plc.h"

#include <stdbool.h>
#include <string.h>

enum {
  PITCH_MIN_MS = 5,
  PITCH_MAX_MS = 15,
  WINDOW_MS = 20, /* that is compared with itself to find the pitch */
  GROW_MS = 10,   /* after which another period joins */
  PERIODS_MAX = 3,
  FULL_MS = 10,  /* without fading */
  FADED_MS = 60, /* silent from here on */
  BLEND_MS = 4,  /* into what comes after a gap, and as much for each GROW_MS of it */
  BLEND_MAX_MS = 10,
  COARSE_RATE = 4000, /* at which the pitch is looked for first */
};

/* Where the repetition is: `offset` into the last `periods` pitch periods. */
typedef struct place {
  size_t periods, offset;
} place;

struct audio_plc {
  uint32_t rate;
  size_t length; /* of the history, samples */
  size_t lost;   /* samples of this gap so far */
  size_t pitch;  /* samples */
  place now, before;
  size_t blending; /* samples until `before` is gone */
  float step;      /* at the edge of the gap */
  size_t at;       /* of the oldest sample in the ring */
  /* What was played: a ring; then what it was when the gap began, the oldest first. */
  int16_t history[];
};

/* Three periods and a quarter. */
static size_t history_length(uint32_t rate) {
  return (size_t)rate * (4 * PERIODS_MAX + 1) * PITCH_MAX_MS / 4000;
}

size_t audio_plc_size(uint32_t rate) {
  return sizeof(audio_plc) + 2 * history_length(rate) * sizeof(int16_t);
}

audio_plc *audio_plc_init(void *block, uint32_t rate) {
  audio_plc *plc = block;
  memset(plc, 0, audio_plc_size(rate));
  plc->rate = rate;
  plc->length = history_length(rate);
  return plc;
}

static const int16_t *source_of(const audio_plc *plc) {
  return plc->history + plc->length;
}

static void remember(audio_plc *plc, const int16_t *samples, size_t count) {
  if (count > plc->length) {
    samples += count - plc->length;
    count = plc->length;
  }
  size_t first = plc->length - plc->at;
  if (first > count) first = count;
  memcpy(plc->history + plc->at, samples, first * sizeof *samples);
  memcpy(plc->history, samples + first, (count - first) * sizeof *samples);
  plc->at = (plc->at + count) % plc->length;
}

/* How well the last window repeats what was `lag` before, looking at each `stride`th. */
static float likeness(const audio_plc *plc, size_t lag, size_t stride) {
  size_t window = audio_samples(plc->rate, WINDOW_MS);
  const int16_t *last = source_of(plc) + plc->length - window, *before = last - lag;
  float cross = 0, energy = 1;
  for (size_t i = 0; i < window; i += stride) {
    float then = before[i];
    cross += (float)last[i] * then;
    energy += then * then;
  }
  return cross > 0 ? cross * cross / energy : 0;
}

static size_t best_lag(const audio_plc *plc, size_t from, size_t to, size_t stride) {
  size_t best = from;
  float most = -1;
  for (size_t lag = from; lag <= to; lag += stride) {
    float now = likeness(plc, lag, stride);
    if (now <= most) continue;
    most = now;
    best = lag;
  }
  return best;
}

static size_t find_pitch(const audio_plc *plc) {
  size_t min = audio_samples(plc->rate, PITCH_MIN_MS);
  size_t max = audio_samples(plc->rate, PITCH_MAX_MS);
  size_t stride = plc->rate / COARSE_RATE;
  size_t coarse = best_lag(plc, min, max, stride);
  size_t from = coarse - min < stride ? min : coarse - stride + 1;
  size_t to = max - coarse < stride ? max : coarse + stride - 1;
  return best_lag(plc, from, to, 1);
}

static void begin(audio_plc *plc) {
  int16_t *source = plc->history + plc->length;
  size_t first = plc->length - plc->at;
  memcpy(source, plc->history + plc->at, first * sizeof *source);
  memcpy(source + first, plc->history, plc->at * sizeof *source);
  plc->pitch = find_pitch(plc);
  plc->now = (place){.periods = 1};
  plc->blending = 0;
  size_t last = plc->length - 1;
  plc->step = (float)(source[last] - source[last - plc->pitch]);
}

/* A sample of the repetition; the last quarter period leads over to the first sample. */
static float sample_at(const audio_plc *plc, place at) {
  size_t span = at.periods * plc->pitch, quarter = plc->pitch / 4;
  const int16_t *first = source_of(plc) + plc->length - span;
  float sample = first[at.offset];
  size_t to_end = span - at.offset;
  if (to_end > quarter) return sample;
  float weight = (float)to_end / (float)(quarter + 1);
  return weight * sample + (1 - weight) * (float)*(first - to_end);
}

static void advance(const audio_plc *plc, place *at) {
  at->offset++;
  if (at->offset == at->periods * plc->pitch) at->offset = 0;
}

static float fade(const audio_plc *plc) {
  float ms = (float)plc->lost * 1000 / (float)plc->rate;
  if (ms <= FULL_MS) return 1;
  return ms < FADED_MS ? (FADED_MS - ms) / (FADED_MS - FULL_MS) : 0;
}

/* Another period joins; the one that was heard is blended out. */
static void grow(audio_plc *plc) {
  size_t due = 1 + plc->lost / audio_samples(plc->rate, GROW_MS);
  if (due <= plc->now.periods || plc->now.periods == PERIODS_MAX) return;
  plc->before = plc->now;
  plc->now.periods++;
  plc->blending = plc->pitch / 4;
}

static float next_sample(audio_plc *plc) {
  grow(plc);
  size_t quarter = plc->pitch / 4;
  float sample = sample_at(plc, plc->now);
  if (plc->blending > 0) {
    float weight = (float)plc->blending / (float)(quarter + 1);
    sample = (1 - weight) * sample + weight * sample_at(plc, plc->before);
    advance(plc, &plc->before);
    plc->blending--;
  }
  if (plc->lost < quarter) {
    sample += plc->step * (float)(quarter - plc->lost) / (float)(quarter + 1);
  }
  sample *= fade(plc);
  advance(plc, &plc->now);
  plc->lost++;
  return sample;
}

static bool is_faded(const audio_plc *plc) {
  return plc->lost >= audio_samples(plc->rate, FADED_MS);
}

void audio_plc_conceal(audio_plc *plc, int16_t *out, size_t count) {
  if (plc->lost == 0) begin(plc);
  size_t made = 0;
  while (made < count && !is_faded(plc)) out[made++] = audio_saturate_float(next_sample(plc));
  memset(out + made, 0, (count - made) * sizeof *out);
  remember(plc, out, count);
}

/* The repetition goes on for a while under what came. */
static void blend(audio_plc *plc, int16_t *samples, size_t count) {
  size_t unit = audio_samples(plc->rate, BLEND_MS);
  size_t len = unit * (1 + plc->lost / audio_samples(plc->rate, GROW_MS));
  size_t most = audio_samples(plc->rate, BLEND_MAX_MS);
  if (len > most) len = most;
  if (len > count) len = count;
  for (size_t i = 0; i < len; i++) {
    float weight = (float)(i + 1) / (float)(len + 1);
    float old = is_faded(plc) ? 0 : next_sample(plc);
    samples[i] = audio_saturate_float(weight * (float)samples[i] + (1 - weight) * old);
  }
}

void audio_plc_receive(audio_plc *plc, int16_t *samples, size_t count) {
  if (plc->lost > 0) blend(plc, samples, count);
  plc->lost = 0;
  remember(plc, samples, count);
}
