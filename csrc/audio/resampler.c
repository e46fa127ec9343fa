/* SPDX-License-Identifier: MIT
 *
 * A windowed sinc, sampled at as many phases as the ratio of the rates needs, up to a
 * limit beyond which two neighbours are blended.
 */
#include "audio/resampler.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
  TAPS = 64, /* at the lower rate */
  LANES = 8, /* that are multiplied at once: taps are a multiple */
  PHASES_EXACT = 512,
  PHASES_BLENDED = 256,
  PIECE = 128, /* input samples at a time */
};

/* Kaiser's formulas for 64 taps and 80 dB: the transition is 0.078 of the rate wide. */
static const double BETA = 7.857;
static const double CUTOFF = 0.461; /* its middle, so that it ends at 0.5 */
static const double PI = 3.141592653589793;

struct audio_resampler {
  uint32_t from, to; /* divided by what both share */
  uint32_t phases, taps;
  bool blended;
  uint32_t step, turn; /* from / to and its rest: from one output to the next */
  uint32_t phase;      /* of the next output, in 1 / to of an input sample */
  uint32_t ahead;      /* input samples before the next output's last */
  uint32_t fill;       /* of the work, samples */
  size_t work_at;      /* in `memory`, behind the coefficients */
  _Alignas(16) float memory[];
};

typedef struct shape {
  uint32_t from, to, phases, taps;
  bool blended;
  size_t coefficients, work; /* numbers */
} shape;

static uint32_t common_divisor(uint32_t a, uint32_t b) {
  while (b) {
    uint32_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

static bool is_rate(uint32_t rate) {
  return rate >= AUDIO_RATE_MIN && rate <= AUDIO_RATE_MAX;
}

static bool shape_of(uint32_t from, uint32_t to, shape *out) {
  if (!is_rate(from) || !is_rate(to)) return false;
  uint32_t divisor = common_divisor(from, to);
  uint64_t taps = from > to ? ((uint64_t)TAPS * from + to - 1) / to : TAPS;
  *out = (shape){.from = from / divisor, .to = to / divisor};
  if (from == to) return true;
  out->taps = (uint32_t)(taps + LANES - 1) / LANES * LANES;
  out->blended = out->to > PHASES_EXACT;
  out->phases = out->blended ? PHASES_BLENDED : out->to;
  out->coefficients = (size_t)(out->phases + out->blended) * out->taps;
  out->work = out->taps + PIECE;
  return true;
}

size_t audio_resampler_size(uint32_t from, uint32_t to) {
  shape s;
  if (!shape_of(from, to, &s)) return 0;
  return sizeof(audio_resampler) + (s.coefficients + s.work) * sizeof(float);
}

/* The modified Bessel function of order 0, by its series. */
static double bessel(double x) {
  double sum = 1, term = 1;
  for (int k = 1; k < 40; k++) {
    term *= x / (2 * k) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

/* The filter at a distance from its middle, in input samples; its area is about 1. */
static double filter_at(double distance, double half, double cutoff) {
  double edge = distance / half;
  if (edge <= -1 || edge >= 1) return 0;
  double window = bessel(BETA * sqrt(1 - edge * edge)) / bessel(BETA);
  double angle = 2 * PI * cutoff * distance;
  double sinc = angle > -1e-9 && angle < 1e-9 ? 1 : sin(angle) / angle;
  return 2 * cutoff * sinc * window;
}

/* One phase, so that a constant signal stays what it is. */
static void make_phase(const audio_resampler *r, double phase, float *out) {
  double half = r->taps / 2.0;
  double cutoff = r->from > r->to ? CUTOFF * r->to / r->from : CUTOFF;
  double sum = 0;
  for (uint32_t k = 0; k < r->taps; k++) sum += filter_at(half - 1 - k + phase, half, cutoff);
  for (uint32_t k = 0; k < r->taps; k++) {
    out[k] = (float)(filter_at(half - 1 - k + phase, half, cutoff) / sum);
  }
}

static const float *coefficients_of(const audio_resampler *r, uint32_t phase) {
  return r->memory + (size_t)phase * r->taps;
}

audio_resampler *audio_resampler_init(void *block, uint32_t from, uint32_t to) {
  shape s;
  if (!block || !shape_of(from, to, &s)) return NULL;
  audio_resampler *r = block;
  *r = (audio_resampler){.from = s.from,
                         .to = s.to,
                         .step = s.from / s.to,
                         .turn = s.from % s.to,
                         .phases = s.phases,
                         .taps = s.taps,
                         .blended = s.blended,
                         .work_at = s.coefficients};
  for (uint32_t i = 0; i < s.phases + s.blended; i++) {
    make_phase(r, (double)i / s.phases, r->memory + (size_t)i * r->taps);
  }
  audio_resampler_reset(r);
  return r;
}

void audio_resampler_reset(audio_resampler *resampler) {
  resampler->phase = resampler->ahead = 0;
  if (resampler->taps == 0) return;
  resampler->fill = resampler->taps - 1;
  memset(resampler->memory + resampler->work_at, 0, resampler->fill * sizeof(float));
}

size_t audio_resampler_room(const audio_resampler *resampler, size_t count) {
  if (resampler->taps == 0) return count;
  return (size_t)(((uint64_t)count * resampler->to + resampler->from - 1) / resampler->from) + 1;
}

size_t audio_resampler_delay(const audio_resampler *resampler) {
  if (resampler->taps == 0) return 0;
  return (size_t)((uint64_t)resampler->taps / 2 * resampler->to / resampler->from);
}

/* Sum of products, two times four at once. */
static float multiply(const float *samples, const float *coefficients, uint32_t taps) {
  float sums[4] = {0};
#ifdef __SSE2__
  __m128 even = _mm_setzero_ps(), odd = even;
  for (uint32_t k = 0; k < taps; k += LANES) {
    __m128 a = _mm_mul_ps(_mm_loadu_ps(samples + k), _mm_load_ps(coefficients + k));
    __m128 b = _mm_mul_ps(_mm_loadu_ps(samples + k + 4), _mm_load_ps(coefficients + k + 4));
    even = _mm_add_ps(even, a);
    odd = _mm_add_ps(odd, b);
  }
  _mm_storeu_ps(sums, _mm_add_ps(even, odd));
#else
  for (uint32_t k = 0; k < taps; k += 4) {
    for (uint32_t i = 0; i < 4; i++) sums[i] += samples[k + i] * coefficients[k + i];
  }
#endif
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static int16_t output(const audio_resampler *r, const float *samples) {
  float sum;
  if (!r->blended) {
    sum = multiply(samples, coefficients_of(r, r->phase), r->taps);
  } else {
    uint64_t place = (uint64_t)r->phase * r->phases;
    uint32_t index = (uint32_t)(place / r->to);
    float weight = (float)(place % r->to) / (float)r->to;
    float low = multiply(samples, coefficients_of(r, index), r->taps);
    float high = multiply(samples, coefficients_of(r, index + 1), r->taps);
    sum = low + (high - low) * weight;
  }
  return audio_saturate_float(sum < 0 ? sum - 0.5F : sum + 0.5F);
}

/* All outputs whose last input sample is in the work. */
static size_t make(audio_resampler *r, int16_t *out) {
  const float *work = r->memory + r->work_at;
  uint32_t available = r->fill - (r->taps - 1);
  size_t made = 0;
  while (r->ahead < available) {
    out[made++] = output(r, work + r->ahead);
    r->ahead += r->step;
    r->phase += r->turn;
    if (r->phase < r->to) continue;
    r->phase -= r->to;
    r->ahead++;
  }
  r->ahead -= available;
  return made;
}

size_t audio_resampler_feed(audio_resampler *resampler, audio_span in, int16_t *out) {
  audio_resampler *r = resampler;
  if (r->taps == 0) {
    memmove(out, in.ptr, in.len * sizeof *out);
    return in.len;
  }
  float *work = r->memory + r->work_at;
  size_t made = 0;
  while (in.len > 0) {
    size_t count = in.len < PIECE ? in.len : PIECE;
    for (size_t i = 0; i < count; i++) work[r->fill + i] = in.ptr[i];
    audio_span_drop(&in, count);
    r->fill += (uint32_t)count;
    made += make(r, out + made);
    r->fill = r->taps - 1;
    memmove(work, work + count, r->fill * sizeof *work);
  }
  return made;
}
