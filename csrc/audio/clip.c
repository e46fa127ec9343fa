/* SPDX-License-Identifier: MIT
 *
 * Samples in one growing block; renditions in a list to which whole entries are added at
 * the front, so that who walks it needs no lock.
 */
#include "audio/clip.h"

#include <stdatomic.h>

#include "base/error.h"

enum { MAX_SECONDS = 3600, FIRST_SAMPLES = 4096 };

/* An entry of the list, which never changes once it is in it. */
typedef struct entry entry;
struct entry {
  entry *next;
  audio_rendition *rendition;
};

struct audio_clip {
  atomic_size_t references;
  atomic_size_t bytes;
  _Atomic(entry *) renditions;
  sip_alloc alloc;
  uint32_t rate;
  size_t count, room, max; /* samples */
  int16_t *samples;
};

audio_clip *audio_clip_new(sip_alloc_fn fn, void *context, uint32_t rate, uint32_t max_seconds) {
  if (rate < AUDIO_RATE_MIN || rate > AUDIO_RATE_MAX) return NULL;
  sip_alloc alloc;
  sip_alloc_init(&alloc, fn, context);
  audio_clip *clip = sip_alloc_zero(&alloc, sizeof *clip);
  if (!clip) return NULL;
  atomic_init(&clip->references, 1);
  atomic_init(&clip->bytes, sizeof *clip);
  atomic_init(&clip->renditions, NULL);
  clip->alloc = alloc;
  clip->rate = rate;
  clip->max = (size_t)rate * (max_seconds ? max_seconds : MAX_SECONDS);
  return clip;
}

static int grow(audio_clip *clip, size_t count) {
  size_t room = clip->room ? clip->room : FIRST_SAMPLES;
  while (room < count) room += room / 2;
  if (room > clip->max) room = clip->max;
  size_t unit = sizeof *clip->samples;
  int16_t *samples = sip_alloc_resize(&clip->alloc, clip->samples, clip->room * unit, room * unit);
  if (!samples) return SIP_E_MEMORY;
  atomic_fetch_add(&clip->bytes, (room - clip->room) * unit);
  clip->samples = samples;
  clip->room = room;
  return 0;
}

int audio_clip_append(audio_clip *clip, audio_span samples) {
  if (samples.len == 0) return 0;
  if (samples.len > clip->max - clip->count) return SIP_E_LIMIT;
  size_t count = clip->count + samples.len;
  int error = count > clip->room ? grow(clip, count) : 0;
  if (error) return error;
  memcpy(clip->samples + clip->count, samples.ptr, samples.len * sizeof *samples.ptr);
  clip->count = count;
  return 0;
}

void audio_clip_ref(audio_clip *clip) {
  atomic_fetch_add_explicit(&clip->references, 1, memory_order_relaxed);
}

static void entry_free(const audio_clip *clip, entry *e) {
  sip_alloc alloc;
  sip_alloc_init(&alloc, clip->alloc.fn, clip->alloc.context);
  audio_rendition_free(e->rendition);
  sip_alloc_free(&alloc, e, sizeof *e);
}

void audio_clip_unref(audio_clip *clip) {
  if (!clip) return;
  if (atomic_fetch_sub_explicit(&clip->references, 1, memory_order_acq_rel) > 1) return;
  entry *e = atomic_load(&clip->renditions);
  while (e) {
    entry *next = e->next;
    entry_free(clip, e);
    e = next;
  }
  sip_alloc alloc = clip->alloc;
  sip_alloc_free(&alloc, clip->samples, clip->room * sizeof *clip->samples);
  sip_alloc_free(&alloc, clip, sizeof *clip);
}

uint32_t audio_clip_rate(const audio_clip *clip) {
  return clip->rate;
}

audio_span audio_clip_samples(const audio_clip *clip) {
  return audio_span_make(clip->samples, clip->count);
}

uint64_t audio_clip_ms(const audio_clip *clip) {
  return (uint64_t)clip->count * 1000 / clip->rate;
}

size_t audio_clip_bytes(audio_clip *clip) {
  return atomic_load(&clip->bytes);
}

static const entry *find(const entry *at, const audio_rendering *full) {
  while (at && !audio_rendering_same(audio_rendition_what(at->rendition), full)) at = at->next;
  return at;
}

const audio_rendition *audio_clip_find(audio_clip *clip, const audio_rendering *what) {
  audio_rendering full = audio_rendering_complete(what, clip->rate);
  const entry *at = find(atomic_load_explicit(&clip->renditions, memory_order_acquire), &full);
  return at ? at->rendition : NULL;
}

static entry *entry_new(const audio_clip *clip, const audio_rendering *full) {
  sip_alloc alloc;
  sip_alloc_init(&alloc, clip->alloc.fn, clip->alloc.context);
  entry *e = sip_alloc_zero(&alloc, sizeof *e);
  if (!e) return NULL;
  e->rendition = audio_rendition_new(full, audio_clip_samples(clip), clip->rate, &clip->alloc);
  if (e->rendition) return e;
  entry_free(clip, e);
  return NULL;
}

const audio_rendition *audio_clip_render(audio_clip *clip, const audio_rendering *what) {
  audio_rendering full = audio_rendering_complete(what, clip->rate);
  entry *first = atomic_load_explicit(&clip->renditions, memory_order_acquire);
  const entry *there = find(first, &full);
  if (there) return there->rendition;
  entry *made = entry_new(clip, &full);
  if (!made) return NULL;
  do { /* unless another thread was first: then that one's counts */
    there = find(first, &full);
    if (there) {
      entry_free(clip, made);
      return there->rendition;
    }
    made->next = first;
  } while (!atomic_compare_exchange_weak_explicit(&clip->renditions, &first, made,
                                                  memory_order_acq_rel, memory_order_acquire));
  atomic_fetch_add(&clip->bytes, audio_rendition_bytes(made->rendition));
  return made->rendition;
}
