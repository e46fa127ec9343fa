/* SPDX-License-Identifier: MIT
 *
 * What is played: clips, tones and pauses one after another, without a gap, in rounds.
 * The main thread makes a program with its items behind it in one block; the world reads
 * it frame by frame. Clips are referenced, and tones owned, for as long as it lives.
 */
#ifndef MOONSIP_MEDIA_PROGRAM_H
#define MOONSIP_MEDIA_PROGRAM_H

#include "audio/clip.h"
#include "audio/gain.h"
#include "audio/tone_generator.h"
#include "media/frame.h"

enum { MEDIA_PROGRAM_ITEMS = 256 };

typedef enum media_item_kind {
  MEDIA_ITEM_CLIP,
  MEDIA_ITEM_TONE,
  MEDIA_ITEM_SILENCE
} media_item_kind;

typedef struct media_item {
  media_item_kind kind;
  audio_gain gain;
  audio_clip *clip;
  audio_tone *tone;
  uint64_t from_ms; /* of a clip; where it begins */
  uint64_t ms;      /* how long; UINT64_MAX: to its end, or without one */
} media_item;

typedef struct media_program {
  media_item *items;
  uint32_t count;  /* 0: it ends at once */
  uint32_t rounds; /* 0: for ever */
  audio_gain gain;
  uint64_t skip_ms; /* of the first round */
  uint64_t max_ms;  /* 0: no limit */

  uint32_t item; /* being read */
  uint32_t round;
  uint32_t rate;   /* of `at` */
  uint64_t at;     /* samples of the item so far */
  uint64_t played; /* samples at `rate` so far, of all */
  bool is_open;    /* the item has begun */
  bool has_ended;
  bool is_cut;    /* by max_ms */
  bool was_heard; /* this round gave a sample: a round that gives none ends it */
  audio_tone_generator generator;
} media_program;

/* The caller sets items, count, rounds, gain, skip_ms and max_ms; the rest is zero. */
void media_program_start(media_program *program);

/* The next frame: true while it has not ended. In the last one the rest is silence. */
bool media_program_read(media_program *program, media_frame *frame);

/* Goes to a place of the round. */
void media_program_seek(media_program *program, uint64_t ms);

/* Milliseconds that were read so far. */
uint64_t media_program_ms(const media_program *program);

/* How long one round is; UINT64_MAX when it does not end. */
uint64_t media_program_round_ms(const media_program *program);

#endif
