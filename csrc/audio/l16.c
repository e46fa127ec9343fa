/* SPDX-License-Identifier: MIT
 *
 * Byte by byte, so that the order does not depend on the machine.
 */
#include "audio/l16.h"

void audio_l16_encode(audio_span in, uint8_t *out) {
  for (size_t i = 0; i < in.len; i++) {
    uint16_t bits = (uint16_t)in.ptr[i];
    out[2 * i] = (uint8_t)(bits >> 8);
    out[2 * i + 1] = (uint8_t)bits;
  }
}

void audio_l16_decode(const uint8_t *in, size_t count, int16_t *out) {
  for (size_t i = 0; i < count; i++) {
    out[i] = (int16_t)(uint16_t)(in[2 * i] << 8 | in[2 * i + 1]);
  }
}
