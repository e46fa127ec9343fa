/* SPDX-License-Identifier: MIT
 *
 * Detectors judge blocks of a fixed length, whatever the length of frames.
 */
#ifndef MOONSIP_AUDIO_BLOCK_H
#define MOONSIP_AUDIO_BLOCK_H

#include <stdbool.h>

#include "audio/sample.h"

typedef struct audio_block {
  uint32_t size; /* samples; not 0 */
  uint32_t fill;
} audio_block;

/* The part of `in` that still fits, taken from its front. */
static inline audio_span audio_block_take(audio_block *block, audio_span *in) {
  size_t room = block->size - block->fill;
  audio_span piece = audio_span_make(in->ptr, in->len < room ? in->len : room);
  audio_span_drop(in, piece.len);
  block->fill += (uint32_t)piece.len;
  return piece;
}

/* True when it is full, and then a new one begins. */
static inline bool audio_block_finish(audio_block *block) {
  if (block->fill < block->size) return false;
  block->fill = 0;
  return true;
}

#endif
