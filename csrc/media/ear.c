/* SPDX-License-Identifier: MIT
 *
 * Sample number n lies at n modulo the room.
 */
#include "media/ear.h"

#include <string.h>

static size_t ear_size(size_t room) {
  return sizeof(media_ear) + room * sizeof(int16_t);
}

media_ear *media_ear_new(sip_alloc *alloc, sip_id id, uint32_t ms) {
  size_t room = audio_samples(MEDIA_EAR_RATE, ms);
  media_ear *ear = sip_alloc_zero(alloc, ear_size(room));
  if (!ear) return NULL;
  sip_link_init(&ear->link);
  ear->id = id;
  ear->room = room;
  return ear;
}

void media_ear_free(sip_alloc *alloc, media_ear *ear) {
  sip_alloc_free(alloc, ear, ear_size(ear->room));
}

void media_ear_take(media_ear *ear, const media_frame *frame) {
  int16_t samples[MEDIA_FRAME_MAX];
  media_frame to = {
      .rate = MEDIA_EAR_RATE, .count = media_frame_samples(MEDIA_EAR_RATE), .samples = samples};
  media_convert(&ear->converter, frame, &to);
  size_t at = (size_t)(ear->heard % ear->room);
  size_t first = to.count < ear->room - at ? to.count : ear->room - at;
  memcpy(ear->samples + at, samples, first * sizeof *samples);
  memcpy(ear->samples, samples + first, (to.count - first) * sizeof *samples);
  ear->heard += to.count;
}

void media_ear_copy(const media_ear *ear, uint64_t from, size_t count, int16_t *out) {
  for (size_t i = 0; i < count; i++) out[i] = ear->samples[(from + i) % ear->room];
}
