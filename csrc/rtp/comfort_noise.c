/* SPDX-License-Identifier: MIT
 *
 * level | N1 | N2 | ...   with k_i = 258 * (N_i - 127) / 32768
 */
#include "rtp/comfort_noise.h"

enum { STEP = 258, MIDDLE = 127, INDEX_MAX = 254 };

bool rtp_noise_parse(const uint8_t *payload, size_t len, rtp_noise *out) {
  if (len == 0) return false;
  *out = (rtp_noise){.level = payload[0] & RTP_NOISE_LEVEL_MAX};
  /* Index 255 is reserved (3.2): the model ends before it. */
  for (size_t i = 1; i < len && i <= RTP_NOISE_ORDER_MAX && payload[i] <= INDEX_MAX; i++) {
    out->coefficients[out->order++] = (int16_t)(STEP * (payload[i] - MIDDLE));
  }
  return true;
}

static uint8_t index_of(int16_t coefficient) {
  int half = coefficient < 0 ? -STEP / 2 : STEP / 2;
  int index = (coefficient + half) / STEP + MIDDLE;
  if (index < 0) return 0;
  return (uint8_t)(index > INDEX_MAX ? INDEX_MAX : index);
}

size_t rtp_noise_write(const rtp_noise *noise, uint8_t out[RTP_NOISE_SIZE_MAX]) {
  size_t order = noise->order < RTP_NOISE_ORDER_MAX ? noise->order : RTP_NOISE_ORDER_MAX;
  out[0] = noise->level < RTP_NOISE_LEVEL_MAX ? noise->level : RTP_NOISE_LEVEL_MAX;
  for (size_t i = 0; i < order; i++) out[1 + i] = index_of(noise->coefficients[i]);
  return 1 + order;
}
