/* SPDX-License-Identifier: MIT
 *
 * Part after part; each frequency is a phase that goes on from sample to sample.
 */
#include "audio/tone_generator.h"

#include <string.h>

#include "audio/level.h"
#include "audio/sine.h"

enum { DEPTH_PERCENT = 90 }; /* of modulation */

/* What is played next, this part or one after it; false when there is nothing. */
static bool seek(audio_tone_generator *g, size_t part) {
  const audio_tone *tone = &g->tone;
  for (size_t steps = 0; steps <= tone->count; steps++, part++) {
    if (part == tone->count) {
      part = 0;
      g->round++;
    }
    if (tone->repeat > 0 && g->round >= tone->repeat && !tone->parts[part].once) continue;
    if (g->round > 0 && tone->parts[part].once) continue;
    g->part = (uint8_t)part;
    return true;
  }
  return false;
}

static void enter(audio_tone_generator *g, size_t part) {
  g->ended = !seek(g, part);
  if (g->ended) return;
  const audio_tone_part *now = &g->tone.parts[g->part];
  g->left = now->ms ? audio_samples(g->rate, now->ms) : UINT64_MAX;
  for (int i = 0; i < AUDIO_TONE_PITCHES; i++) {
    g->phase[i] = 0;
    bool possible = now->hz[i] < g->rate / 2;
    g->step[i] = possible ? audio_sine_step(now->hz[i], g->rate) : 0; /* or it is silent */
  }
}

void audio_tone_generator_init(audio_tone_generator *generator, const audio_tone *tone,
                               uint32_t rate) {
  *generator = (audio_tone_generator){.tone = *tone, .rate = rate};
  generator->amplitude = (int32_t)audio_amplitude_of_dbm0(tone->level);
  if (tone->count == 0) {
    generator->ended = true;
  } else {
    enter(generator, 0);
  }
}

static int32_t turn(audio_tone_generator *g, int pitch) {
  int32_t value = audio_sine(g->phase[pitch]);
  g->phase[pitch] += g->step[pitch];
  return value;
}

static void make_sum(audio_tone_generator *g, int16_t *out, size_t count) {
  int pitches = 1;
  while (pitches < AUDIO_TONE_PITCHES && g->tone.parts[g->part].hz[pitches]) pitches++;
  for (size_t n = 0; n < count; n++) {
    int32_t sum = 0;
    for (int i = 0; i < pitches; i++) {
      sum += (turn(g, i) * g->amplitude) >> 15;
    }
    out[n] = audio_saturate(sum);
  }
}

static void make_modulated(audio_tone_generator *g, int16_t *out, size_t count) {
  for (size_t n = 0; n < count; n++) {
    int32_t carrier = (turn(g, 0) * g->amplitude) >> 15;
    int32_t swing = 32768 + turn(g, 1) * DEPTH_PERCENT / 100; /* of 32768 * 1.9 */
    out[n] = (int16_t)((int64_t)carrier * swing * 100 / (100 + DEPTH_PERCENT) >> 15);
  }
}

size_t audio_tone_generator_make(audio_tone_generator *generator, int16_t *out, size_t count) {
  size_t made = 0;
  while (made < count && !generator->ended) {
    if (generator->left == 0) {
      enter(generator, generator->part + 1U);
      continue;
    }
    const audio_tone_part *part = &generator->tone.parts[generator->part];
    size_t run = count - made < generator->left ? count - made : (size_t)generator->left;
    if (part->hz[0] == 0) {
      memset(out + made, 0, run * sizeof *out);
    } else if (part->modulated) {
      make_modulated(generator, out + made, run);
    } else {
      make_sum(generator, out + made, run);
    }
    if (part->ms) generator->left -= run;
    made += run;
  }
  return made;
}
