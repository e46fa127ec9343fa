/* SPDX-License-Identifier: MIT
 *
 * A sinusoid obeys x[n-1] + x[n+1] = 2 cos(w) x[n]; the factor that fits a block best
 * gives its frequency, roughly if there is noise. Two halves of the block that are turned
 * back by this frequency differ in phase by what it is off, which corrects it. What the
 * block has of that frequency, and of others, then says whether it is a tone.
 */
#include "audio/tone_detector.h"

#include <string.h>

#include "audio/level.h"
#include "audio/sine.h"

enum {
  BLOCKS_PER_SECOND = 50,
  BLOCK_MS = 1000 / BLOCKS_PER_SECOND,
  BEEP_MS = 100,
  BEEP_MAX_MS = 3000,
  FAX_MS = 450, /* CNG is 500 ms on, 3 s off; CED 2.6 to 4 s (T.30 4.1, 4.2) */
  BEEP_HZ_MIN = 350,
  BEEP_HZ_MAX = 3000,
  CNG_HZ = 1100,
  CED_HZ = 2100,
  CNG_TOLERANCE = 38,
  CED_TOLERANCE = 25, /* T.30 allows 15 */
  CORRECTIONS = 2,
  SMOOTH = 8,      /* blocks that the frequency is an average of */
  MISSING_MAX = 1, /* blocks: ANSam turns its phase now and then (V.8) */
  QUARTER_TURN = 0x40000000,
};

static const float DEFAULT_THRESHOLD = -38; /* dBm0 */
static const float MISFIT = 0.3F;           /* of the energy; more cannot be a tone */
static const float PURITY = 0.8F;           /* of the energy, at least */
static const float HZ_APART = 0.015F;       /* of the frequency, between blocks of one tone */
static const float HZ_APART_MIN = 12;
static const float LOUDER = 2; /* or softer, from block to block of one tone */

void audio_tone_detector_init(audio_tone_detector *detector, uint32_t rate,
                              const audio_tone_settings *settings) {
  audio_tone_settings s = settings ? *settings : (audio_tone_settings){0};
  detector->rate = rate < AUDIO_LIVE_RATE_MAX ? rate : AUDIO_LIVE_RATE_MAX;
  detector->block = (audio_block){.size = detector->rate / BLOCKS_PER_SECOND};
  /* A tone lies across blocks: one at each end is lost. */
  detector->beep_blocks = (s.beep_ms ? s.beep_ms : BEEP_MS) / BLOCK_MS - 1;
  if (detector->beep_blocks < 2) detector->beep_blocks = 2;
  detector->fax_blocks = (s.fax_ms ? s.fax_ms : FAX_MS) / BLOCK_MS - 1;
  double peak =
      audio_amplitude_of_dbm0(s.threshold_dbm0 != 0 ? s.threshold_dbm0 : DEFAULT_THRESHOLD);
  detector->threshold = (float)(peak * peak * detector->block.size / 2);
  detector->ignore_beeps = s.ignore_beeps;
  detector->told = false;
  detector->blocks = detector->missing = 0;
  detector->hz = detector->energy = 0;
}

/* The factor that fits the block best, in 1/32768; false when none fits. */
static bool fit(const audio_tone_detector *d, int32_t *cosine) {
  float cross = 0, power = 0, neighbours = 0;
  for (uint32_t n = 1; n + 1 < d->block.size; n++) {
    float x = d->samples[n], y = (float)(d->samples[n - 1] + d->samples[n + 1]);
    cross += x * y;
    power += x * x;
    neighbours += y * y;
  }
  float factor = power > 0 ? cross / power : 3;
  if (factor < -2 || factor > 2) return false;
  *cosine = (int32_t)(factor * 16384);
  return neighbours - factor * cross <= MISFIT * power;
}

/* The step of phase whose cosine that is: it falls over half a turn. */
static uint32_t step_of(int32_t cosine) {
  uint32_t low = 0, high = 0x80000000;
  while (high - low > 0x8000) {
    uint32_t middle = low + (high - low) / 2;
    if (audio_sine(middle + QUARTER_TURN) > cosine) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

typedef struct complex {
  float re, im;
} complex;

/* The sums of two halves turned back by the step. */
static void turn_back(const audio_tone_detector *d, uint32_t step, complex halves[2]) {
  const float unit = 1.0F / 32767;
  float cosine = (float)audio_sine(step + QUARTER_TURN) * unit;
  float sine = (float)audio_sine(step) * unit;
  complex at = {1, 0};
  uint32_t half = d->block.size / 2;
  for (uint32_t n = 0; n < 2 * half; n++) {
    complex *sum = &halves[n >= half];
    float x = d->samples[n];
    sum->re += x * at.re;
    sum->im += x * at.im;
    at = (complex){at.re * cosine + at.im * sine, at.im * cosine - at.re * sine};
  }
}

/* How far the second half is turned from the first, as a step of phase for each sample:
 * the angle is tan / (1 + 0.28 tan^2) within 0.005, enough for a next round. */
static int32_t correction(const complex halves[2], uint32_t half) {
  float re = halves[1].re * halves[0].re + halves[1].im * halves[0].im;
  float im = halves[1].im * halves[0].re - halves[1].re * halves[0].im;
  float angle = im > 0 ? 1.5F : -1.5F;
  if (re > 0 && im < 4 * re && -im < 4 * re) {
    float tangent = im / re;
    angle = tangent / (1 + 0.28F * tangent * tangent);
  }
  const float turn = 683565275.6F; /* 2^32 / 2 pi */
  return (int32_t)(angle * turn / (float)half);
}

typedef struct found {
  bool tone;
  float hz, energy;
} found;

static found measure(const audio_tone_detector *d) {
  found f = {.energy = (float)audio_energy(audio_span_make(d->samples, d->block.size))};
  int32_t cosine;
  if (f.energy < d->threshold || !fit(d, &cosine)) return f;
  uint32_t step = step_of(cosine);
  complex halves[2] = {{0}};
  turn_back(d, step, halves);
  for (int i = 0; i < CORRECTIONS; i++) {
    step += (uint32_t)correction(halves, d->block.size / 2);
    halves[0] = halves[1] = (complex){0};
    turn_back(d, step, halves);
  }
  float re = halves[0].re + halves[1].re, im = halves[0].im + halves[1].im;
  f.hz = (float)step / 4294967296.0F * (float)d->rate;
  f.tone = 2 * (re * re + im * im) >= PURITY * f.energy * (float)d->block.size;
  return f;
}

static bool continues(const audio_tone_detector *d, found f) {
  float apart = d->hz * HZ_APART;
  if (apart < HZ_APART_MIN) apart = HZ_APART_MIN;
  return d->blocks > 0 && f.hz - d->hz < apart && d->hz - f.hz < apart &&
         f.energy < d->energy * LOUDER && d->energy < f.energy * LOUDER;
}

static bool is_about(float hz, int expected, int tolerance) {
  return hz > (float)(expected - tolerance) && hz < (float)(expected + tolerance);
}

static audio_tone_event event_of(const audio_tone_detector *d, audio_tone_kind kind) {
  return (audio_tone_event){
      .kind = kind, .frequency = (uint32_t)(d->hz + 0.5F), .duration_ms = d->blocks * BLOCK_MS};
}

/* The tone goes on: true when it is known as a fax machine's by now. */
static bool lasts(audio_tone_detector *d, audio_tone_event *event) {
  if (d->told || d->blocks < d->fax_blocks) return false;
  bool cng = is_about(d->hz, CNG_HZ, CNG_TOLERANCE);
  if (!cng && !is_about(d->hz, CED_HZ, CED_TOLERANCE)) return false;
  d->told = true;
  *event = event_of(d, cng ? AUDIO_TONE_CNG : AUDIO_TONE_CED);
  return true;
}

static bool is_beep(const audio_tone_detector *d) {
  bool length = d->blocks >= d->beep_blocks && d->blocks * BLOCK_MS <= BEEP_MAX_MS;
  bool pitch = d->hz >= BEEP_HZ_MIN && d->hz <= BEEP_HZ_MAX;
  return length && pitch && !d->told && !d->ignore_beeps;
}

/* The tone is over: true when it was a beep. */
static bool ends(audio_tone_detector *d, audio_tone_event *event) {
  bool beep = is_beep(d);
  *event = event_of(d, AUDIO_TONE_BEEP);
  d->blocks = d->missing = 0;
  d->told = false;
  return beep;
}

static bool step(audio_tone_detector *d, audio_tone_event *event) {
  found f = measure(d);
  if (f.tone && continues(d, f)) {
    d->blocks++;
    d->missing = 0;
    d->hz += (f.hz - d->hz) / (float)(d->blocks < SMOOTH ? d->blocks : SMOOTH);
    d->energy = f.energy;
    return lasts(d, event);
  }
  if (!f.tone && d->blocks > 0 && d->missing < MISSING_MAX) {
    d->missing++;
    return false;
  }
  bool beep = d->blocks > 0 && ends(d, event);
  if (f.tone) {
    d->blocks = 1;
    d->hz = f.hz;
    d->energy = f.energy;
  }
  return beep;
}

bool audio_tone_detector_feed(audio_tone_detector *detector, audio_span *in,
                              audio_tone_event *event) {
  while (in->len > 0) {
    int16_t *at = detector->samples + detector->block.fill;
    audio_span piece = audio_block_take(&detector->block, in);
    memcpy(at, piece.ptr, piece.len * sizeof *at);
    if (audio_block_finish(&detector->block) && step(detector, event)) return true;
  }
  return false;
}
