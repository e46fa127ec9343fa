/* SPDX-License-Identifier: MIT
 *
 * Logarithms as a table of the bounds between two levels, half a decibel off each.
 */
#include "audio/level.h"

#include <math.h>

/* 2^46 * 10^(-(level + 0.5) / 10): mean squares of 1/65536 at which a level ends. */
static const uint64_t bounds[AUDIO_LEVEL_SILENT] = {
    62716209263637,
    49817255792983,
    39571252852848,
    31432563424431,
    24967772617787,
    19832606748484,
    15753599508504,
    12513528888144,
    9939849311890,
    7895502957339,
    6271620926364,
    4981725579298,
    3957125285285,
    3143256342443,
    2496777261779,
    1983260674848,
    1575359950850,
    1251352888814,
    993984931189,
    789550295734,
    627162092636,
    498172557930,
    395712528528,
    314325634244,
    249677726178,
    198326067485,
    157535995085,
    125135288881,
    99398493119,
    78955029573,
    62716209264,
    49817255793,
    39571252853,
    31432563424,
    24967772618,
    19832606748,
    15753599509,
    12513528888,
    9939849312,
    7895502957,
    6271620926,
    4981725579,
    3957125285,
    3143256342,
    2496777262,
    1983260675,
    1575359951,
    1251352889,
    993984931,
    789550296,
    627162093,
    498172558,
    395712529,
    314325634,
    249677726,
    198326067,
    157535995,
    125135289,
    99398493,
    78955030,
    62716209,
    49817256,
    39571253,
    31432563,
    24967773,
    19832607,
    15753600,
    12513529,
    9939849,
    7895503,
    6271621,
    4981726,
    3957125,
    3143256,
    2496777,
    1983261,
    1575360,
    1251353,
    993985,
    789550,
    627162,
    498173,
    395713,
    314326,
    249678,
    198326,
    157536,
    125135,
    99398,
    78955,
    62716,
    49817,
    39571,
    31433,
    24968,
    19833,
    15754,
    12514,
    9940,
    7896,
    6272,
    4982,
    3957,
    3143,
    2497,
    1983,
    1575,
    1251,
    994,
    790,
    627,
    498,
    396,
    314,
    250,
    198,
    158,
    125,
    99,
    79,
    63,
    50,
    40,
    31,
    25,
    20,
    16,
};

uint64_t audio_energy(audio_span frame) {
  uint64_t sum = 0;
  for (size_t i = 0; i < frame.len; i++) {
    int32_t sample = frame.ptr[i];
    sum += (uint32_t)(sample * sample);
  }
  return sum;
}

uint64_t audio_magnitude(audio_span frame) {
  uint64_t sum = 0;
  for (size_t i = 0; i < frame.len; i++) {
    int32_t sample = frame.ptr[i];
    sum += (uint32_t)(sample < 0 ? -sample : sample);
  }
  return sum;
}

uint8_t audio_level_of_power(uint64_t mean_square) {
  unsigned low = 0, high = AUDIO_LEVEL_SILENT;
  while (low < high) { /* the first bound that is reached */
    unsigned middle = (low + high) / 2;
    if (mean_square >= bounds[middle]) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return (uint8_t)low;
}

uint8_t audio_level(audio_span frame) {
  if (frame.len == 0) return AUDIO_LEVEL_SILENT;
  return audio_level_of_power((audio_energy(frame) << 16) / frame.len);
}

static double power_of_ten(double exponent) {
  return exp(exponent * log(10));
}

double audio_amplitude_of_dbm0(double dbm0) {
  const double full_scale = 3.14; /* of a sine (ITU-T G.711 table 5) */
  double amplitude = 32767 * power_of_ten((dbm0 - full_scale) / 20);
  return amplitude < 32767 ? amplitude : 32767;
}

double audio_rms_of_level(uint8_t level) {
  return level < AUDIO_LEVEL_SILENT ? 32768 * power_of_ten(-level / 20.0) : 0;
}
