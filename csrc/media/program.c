/* SPDX-License-Identifier: MIT
 *
 * A frame is filled from as many items as it takes. Most frames lie inside one clip at
 * its own loudness: for those the clip's payload is handed on beside the samples.
 */
#include "media/program.h"

#include <string.h>

enum { ITEMS_PER_FRAME = 64 }; /* that may end within one: a list of nothing cannot hold us */

/* --- The length of things --------------------------------------------------------- */

static uint64_t clip_ms(const media_item *item) {
  uint64_t length = audio_clip_ms(item->clip);
  uint64_t rest = length > item->from_ms ? length - item->from_ms : 0;
  return rest < item->ms ? rest : item->ms;
}

static uint64_t tone_ms(const media_item *item) {
  uint64_t length = audio_tone_length(item->tone);
  return length > 0 && length < item->ms ? length : item->ms;
}

static uint64_t item_ms(const media_item *item) {
  switch (item->kind) {
  case MEDIA_ITEM_CLIP:
    return clip_ms(item);
  case MEDIA_ITEM_TONE:
    return tone_ms(item);
  case MEDIA_ITEM_SILENCE:
    return item->ms;
  }
  return 0;
}

uint64_t media_program_round_ms(const media_program *program) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < program->count; i++) {
    uint64_t ms = item_ms(&program->items[i]);
    if (ms >= UINT64_MAX - sum) return UINT64_MAX;
    sum += ms;
  }
  return sum;
}

static uint64_t to_samples(uint64_t ms, uint32_t rate) {
  return ms >= UINT64_MAX / AUDIO_LIVE_RATE_MAX ? UINT64_MAX : ms * rate / 1000;
}

uint64_t media_program_ms(const media_program *program) {
  return program->rate ? program->played * 1000 / program->rate : 0;
}

/* --- Items ------------------------------------------------------------------------ */

static void open_item(media_program *program) {
  const media_item *item = &program->items[program->item];
  program->is_open = true;
  if (item->kind == MEDIA_ITEM_TONE) {
    audio_tone_generator_init(&program->generator, item->tone, program->rate);
  }
}

static void next_item(media_program *program) {
  program->at = 0;
  program->is_open = false;
  if (++program->item < program->count) return;
  program->item = 0;
  program->round++;
  bool is_last = program->rounds > 0 && program->round >= program->rounds;
  if (is_last || !program->was_heard) program->has_ended = true;
  program->was_heard = false;
}

/* Skips the beginning of the first round. */
static void skip(media_program *program) {
  uint64_t left = program->skip_ms;
  program->skip_ms = 0;
  while (left > 0 && !program->has_ended) {
    uint64_t ms = item_ms(&program->items[program->item]);
    if (left < ms) {
      program->at = to_samples(left, program->rate);
      return;
    }
    left -= ms;
    program->was_heard = ms > 0;
    next_item(program);
  }
}

/* The session's codec has changed: the place stays the same. */
static void change_rate(media_program *program, uint32_t rate) {
  if (program->rate == rate) return;
  if (program->rate) {
    program->at = program->at * rate / program->rate;
    program->played = program->played * rate / program->rate;
    const media_item *item = &program->items[program->item];
    if (program->is_open && item->kind == MEDIA_ITEM_TONE) {
      audio_tone_generator_init(&program->generator, item->tone, rate);
    }
  }
  program->rate = rate;
}

/* The clip was not converted to this rate: what there is, by straight lines. */
static size_t interpolate(const media_program *program, const media_item *item, int16_t *out,
                          size_t count) {
  audio_span all = audio_clip_samples(item->clip);
  uint32_t from_rate = audio_clip_rate(item->clip);
  uint64_t first = to_samples(item->from_ms, program->rate) + program->at;
  for (size_t i = 0; i < count; i++) {
    uint64_t place = (first + i) * from_rate;
    uint64_t at = place / program->rate;
    int32_t share = (int32_t)(place % program->rate);
    if (at >= all.len) return i;
    int32_t a = all.ptr[at], b = at + 1 < all.len ? all.ptr[at + 1] : a;
    out[i] = (int16_t)(a + (int64_t)(b - a) * share / (int32_t)program->rate);
  }
  return count;
}

static size_t read_clip(media_program *program, const media_item *item, int16_t *out,
                        size_t count) {
  const audio_rendition *rendition =
      audio_clip_find(item->clip, &(audio_rendering){.settings = {.sample_rate = program->rate}});
  uint64_t end = to_samples(item->ms, program->rate);
  if (end - program->at < count) count = program->at < end ? (size_t)(end - program->at) : 0;
  if (!rendition) return interpolate(program, item, out, count);
  audio_span all = audio_rendition_samples(rendition);
  uint64_t at = to_samples(item->from_ms, program->rate) + program->at;
  if (at >= all.len) return 0;
  if (all.len - at < count) count = (size_t)(all.len - at);
  memcpy(out, all.ptr + at, count * sizeof *out);
  return count;
}

static size_t read_timed(media_program *program, const media_item *item, int16_t *out,
                         size_t count) {
  uint64_t end = to_samples(item->ms, program->rate);
  uint64_t left = program->at < end ? end - program->at : 0;
  if (left < count) count = (size_t)left;
  if (item->kind == MEDIA_ITEM_TONE) {
    return audio_tone_generator_make(&program->generator, out, count);
  }
  memset(out, 0, count * sizeof *out);
  return count;
}

/* Up to `count` samples of the item that is open; fewer when it ends. */
static size_t read_item(media_program *program, int16_t *out, size_t count) {
  const media_item *item = &program->items[program->item];
  size_t got = item->kind == MEDIA_ITEM_CLIP ? read_clip(program, item, out, count)
                                             : read_timed(program, item, out, count);
  audio_gain_apply(item->gain, out, got);
  return got;
}

/* The payload of the frame that begins here, if it lies inside a clip as it is. */
static sip_str find_payload(const media_program *program, const media_frame *frame) {
  sip_str none = {0};
  const media_item *item = &program->items[program->item];
  uint32_t per_ms = frame->rate / 1000;
  bool is_plain = item->kind == MEDIA_ITEM_CLIP && item->gain == AUDIO_GAIN_UNITY &&
                  program->gain == AUDIO_GAIN_UNITY;
  if (!frame->codec || !is_plain || program->at % per_ms != 0) return none;
  uint64_t at_ms = program->at / per_ms;
  if (at_ms + MEDIA_FRAME_MS > clip_ms(item)) return none;
  const audio_rendition *rendition =
      audio_clip_find(item->clip, &(audio_rendering){.codec = frame->codec,
                                                     .settings = {.sample_rate = frame->rate},
                                                     .ptime_ms = MEDIA_FRAME_MS});
  if (!rendition) return none;
  return audio_rendition_payload(rendition, item->from_ms + at_ms, MEDIA_FRAME_MS);
}

/* --- The whole -------------------------------------------------------------------- */

void media_program_start(media_program *program) {
  program->has_ended = program->count == 0;
}

void media_program_seek(media_program *program, uint64_t ms) {
  program->item = 0;
  program->round = 0;
  program->at = 0;
  program->is_open = false;
  program->has_ended = program->count == 0;
  program->skip_ms = ms;
}

static size_t frame_limit(const media_program *program, const media_frame *frame) {
  if (!program->max_ms) return frame->count;
  uint64_t end = to_samples(program->max_ms, program->rate);
  uint64_t left = program->played < end ? end - program->played : 0;
  return left < frame->count ? (size_t)left : frame->count;
}

static size_t fill(media_program *program, media_frame *frame, size_t limit) {
  size_t filled = 0;
  for (int turns = 0; filled < limit && !program->has_ended && turns < ITEMS_PER_FRAME; turns++) {
    if (!program->is_open) open_item(program);
    size_t got = read_item(program, frame->samples + filled, limit - filled);
    program->at += got;
    filled += got;
    if (got > 0) program->was_heard = true;
    if (filled < limit) next_item(program);
  }
  return filled;
}

/* A frame that lies inside the item: only its payload is wanted. */
static size_t pass(media_program *program, const media_frame *frame) {
  if (!program->is_open) open_item(program);
  program->at += frame->count;
  program->was_heard = true;
  return frame->count;
}

bool media_program_read(media_program *program, media_frame *frame) {
  if (program->has_ended) return false;
  change_rate(program, frame->rate);
  if (program->skip_ms) skip(program);
  if (program->has_ended) return false;
  size_t limit = frame_limit(program, frame);
  if (limit == frame->count) frame->payload = find_payload(program, frame);
  bool passes = frame->payload.len > 0 && frame->payload_does;
  size_t filled = passes ? pass(program, frame) : fill(program, frame, limit);
  program->played += filled;
  if (limit < frame->count) program->has_ended = program->is_cut = true;
  if (filled == 0) return false;
  if (filled < frame->count) {
    memset(frame->samples + filled, 0, (frame->count - filled) * sizeof *frame->samples);
  }
  if (!passes) audio_gain_apply(program->gain, frame->samples, filled);
  frame->is_silent = false;
  return true;
}
