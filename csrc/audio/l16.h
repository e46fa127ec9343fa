/* SPDX-License-Identifier: MIT
 *
 * L16: samples as they are, in network byte order (RFC 3551 4.5.11).
 */
#ifndef MOONSIP_AUDIO_L16_H
#define MOONSIP_AUDIO_L16_H

#include "audio/sample.h"

/* `out` has two bytes for each sample. */
void audio_l16_encode(audio_span in, uint8_t *out);

/* `count` samples of twice as many bytes. */
void audio_l16_decode(const uint8_t *in, size_t count, int16_t *out);

#endif
