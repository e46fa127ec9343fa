/* SPDX-License-Identifier: MIT
 *
 * The loudest second of the sound is looked for coarsely, every fourth sample, then
 * exactly; from there both ways block by block, each near where the one before was.
 */
#include "audio/likeness.h"

#include <math.h>

#include "audio/level.h"

enum {
  ANCHOR = 4000,  /* half a second: what is looked for everywhere */
  STEP = 4,       /* of the coarse search */
  CANDIDATES = 8, /* of it that are looked at exactly */
  BLOCK = 800,    /* 100 ms */
  DRIFT = 360,    /* samples that a block may be away from where the last one was */
  QUIET = 100,    /* mean magnitude of a block that is no sound */
};

/* Correlation of a block from which on it counts as the same sound. */
static const double SAME = 0.8;

/* --- Correlation ------------------------------------------------------------------------------ */

/* Of said[from, from + len) with heard from `lag` later, looking at every step-th sample. */
static double correlate(audio_span said, audio_span heard, int64_t from, int64_t len, int64_t lag,
                        int step) {
  int64_t first = from, end = from + len;
  if (end > (int64_t)said.len) end = (int64_t)said.len;
  if (first + lag < 0) first = -lag;
  if (end + lag > (int64_t)heard.len) end = (int64_t)heard.len - lag;
  double product = 0, a2 = 0, b2 = 0;
  for (int64_t i = first; i < end; i += step) {
    double a = said.ptr[i], b = heard.ptr[i + lag];
    product += a * b;
    a2 += a * a;
    b2 += b * b;
  }
  /* What lies outside of `heard` was not heard. */
  for (int64_t i = from; i < first && i < (int64_t)said.len; i += step) {
    a2 += (double)said.ptr[i] * said.ptr[i];
  }
  for (int64_t i = end > from ? end : from; i < from + len && i < (int64_t)said.len; i += step) {
    a2 += (double)said.ptr[i] * said.ptr[i];
  }
  return a2 > 0 && b2 > 0 ? product / sqrt(a2 * b2) : 0;
}

typedef struct guess {
  int64_t lag;
  double correlation;
} guess;

static guess best_around(audio_span said, audio_span heard, int64_t from, int64_t len,
                         int64_t around, int64_t reach) {
  guess best = {around, -1};
  for (int64_t lag = around - reach; lag <= around + reach; lag++) {
    double r = correlate(said, heard, from, len, lag, lag == around ? 1 : 2);
    if (r > best.correlation) best = (guess){lag, r};
  }
  best.correlation = correlate(said, heard, from, len, best.lag, 1);
  return best;
}

/* --- The anchor ------------------------------------------------------------------------------- */

static int64_t loudest(audio_span said, int64_t len) {
  int64_t best = 0;
  uint64_t most = 0;
  for (int64_t at = 0; at + len <= (int64_t)said.len; at += BLOCK) {
    uint64_t energy = audio_energy(audio_span_make(said.ptr + at, (size_t)len));
    if (energy > most) most = energy, best = at;
  }
  return best;
}

/* Keeps the best, the worst of them last. */
static void note(guess *list, guess one) {
  if (one.correlation <= list[CANDIDATES - 1].correlation) return;
  int at = CANDIDATES - 1;
  for (; at > 0 && list[at - 1].correlation < one.correlation; at--) list[at] = list[at - 1];
  list[at] = one;
}

static guess find_anchor(audio_span said, audio_span heard, int64_t from, int64_t len) {
  guess list[CANDIDATES];
  for (int i = 0; i < CANDIDATES; i++) list[i] = (guess){0, -1};
  int64_t first = -from - len / 2, last = (int64_t)heard.len - from - len / 2;
  for (int64_t lag = first; lag <= last; lag += 2) {
    note(list, (guess){lag, correlate(said, heard, from, len, lag, STEP)});
  }
  guess best = {0, -1};
  for (int i = 0; i < CANDIDATES && list[i].correlation > 0; i++) {
    guess exact = best_around(said, heard, from, len, list[i].lag, 2);
    if (exact.correlation > best.correlation) best = exact;
  }
  return best;
}

/* --- Block by block --------------------------------------------------------------------------- */

typedef struct tally {
  double all;   /* energy of blocks that are sound */
  double found; /* of those that were heard */
} tally;

static void follow(audio_span said, audio_span heard, int64_t from, int64_t lag, int64_t step,
                   tally *sum, int64_t *first_lag) {
  for (int64_t at = from; at >= 0 && at < (int64_t)said.len; at += step) {
    size_t len = said.len - (size_t)at < BLOCK ? said.len - (size_t)at : BLOCK;
    audio_span block = audio_span_make(said.ptr + at, len);
    if (audio_magnitude(block) < (uint64_t)QUIET * len) continue;
    double energy = (double)audio_energy(block);
    guess here = best_around(said, heard, at, (int64_t)len, lag, 0);
    if (here.correlation < SAME) here = best_around(said, heard, at, (int64_t)len, lag, DRIFT);
    sum->all += energy;
    if (here.correlation < SAME) continue;
    sum->found += energy;
    lag = here.lag;
    if (step < 0) *first_lag = lag;
  }
}

audio_likeness audio_likeness_find(audio_span said, audio_span heard) {
  int64_t len = said.len < ANCHOR ? (int64_t)said.len : ANCHOR;
  audio_likeness found = {0, 0};
  if (len == 0 || heard.len == 0) return found;
  int64_t from = loudest(said, len);
  guess anchor = find_anchor(said, heard, from, len);
  tally sum = {0, 0};
  int64_t first_lag = anchor.lag;
  from -= from % BLOCK;
  follow(said, heard, from, anchor.lag, BLOCK, &sum, &first_lag);
  follow(said, heard, from - BLOCK, anchor.lag, -BLOCK, &sum, &first_lag);
  found.share = sum.all > 0 ? sum.found / sum.all : 0;
  found.at = first_lag;
  return found;
}
