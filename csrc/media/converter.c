/* SPDX-License-Identifier: MIT
 *
 * Made anew when a rate has changed, which is as rare as a re-INVITE.
 */
#include "media/converter.h"

#include <stdbool.h>
#include <string.h>

static void prepare(media_converter *converter, uint32_t from, uint32_t to) {
  if (converter->from == from && converter->to == to) return;
  converter->from = from;
  converter->to = to;
  converter->resampler = NULL;
  size_t size = from == to ? 0 : audio_resampler_size(from, to);
  if (size == 0 || size > sizeof converter->block) return;
  converter->resampler = audio_resampler_init(converter->block, from, to);
}

void media_convert(media_converter *converter, const media_frame *from, media_frame *to) {
  to->is_silent = false;
  to->payload = (sip_str){0};
  if (from->rate == to->rate) {
    memcpy(to->samples, from->samples, to->count * sizeof *to->samples);
    return;
  }
  prepare(converter, from->rate, to->rate);
  audio_span span = audio_span_make(from->samples, from->count);
  size_t count = 0;
  /* Frames of whole milliseconds, so that each becomes as many samples as the next. */
  bool is_whole = (uint64_t)from->count * to->rate == (uint64_t)to->count * from->rate;
  if (converter->resampler && is_whole && to->count <= MEDIA_FRAME_MAX) {
    count = audio_resampler_feed(converter->resampler, span, to->samples);
  }
  if (count < to->count) {
    memset(to->samples + count, 0, (to->count - count) * sizeof *to->samples);
  }
}
