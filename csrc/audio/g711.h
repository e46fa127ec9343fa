/* SPDX-License-Identifier: MIT
 *
 * PCMU and PCMA (ITU-T G.711, RFC 3551 4.5.14): one byte a sample.
 */
#ifndef MOONSIP_AUDIO_G711_H
#define MOONSIP_AUDIO_G711_H

#include "audio/sample.h"

enum {
  AUDIO_ULAW_SILENCE = 0xff, /* +0 */
  AUDIO_ALAW_SILENCE = 0xd5, /* the least positive value; A-law has no zero */
};

/* What each byte stands for, of the 16 bits that a sample has. */
extern const int16_t audio_ulaw_values[256];
extern const int16_t audio_alaw_values[256];

/* `out` has a byte for each sample. A value between two decision values becomes what
 * the recommendation's tables 1a to 2b say; beyond the last one the greatest code. */
void audio_ulaw_encode(audio_span in, uint8_t *out);
void audio_alaw_encode(audio_span in, uint8_t *out);

/* `out` has a sample for each byte. */
void audio_ulaw_decode(const uint8_t *in, size_t len, int16_t *out);
void audio_alaw_decode(const uint8_t *in, size_t len, int16_t *out);

#endif
