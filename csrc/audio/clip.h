/* SPDX-License-Identifier: MIT
 *
 * A prompt in memory: samples at the rate it was loaded with, and its renditions: the
 * same at another rate, or the payloads of a codec, made once and shared by all who play
 * it.
 *
 * Threads. A clip is filled by one thread (new, append). Once it is handed to another it
 * never changes but for new renditions, which any thread may ask for at any time; each is
 * made off the media thread (audio_clip_render allocates and works long) and found by it
 * (audio_clip_find does neither). References are counted atomically; the one who drops the
 * last frees, so the media thread hands its reference back to the thread it got it from.
 */
#ifndef MOONSIP_AUDIO_CLIP_H
#define MOONSIP_AUDIO_CLIP_H

#include "audio/rendition.h"

typedef struct audio_clip audio_clip;

/* An empty clip with one reference; samples up to max_seconds (0: 3600). `fn` must be one
 * that any thread may call; NULL is the C library's. NULL when there is no memory, or
 * for a rate out of bounds. */
audio_clip *audio_clip_new(sip_alloc_fn fn, void *context, uint32_t rate, uint32_t max_seconds);

/* 0, SIP_E_MEMORY, or SIP_E_LIMIT for more than max_seconds; then nothing was added. */
int audio_clip_append(audio_clip *clip, audio_span samples);

void audio_clip_ref(audio_clip *clip);
void audio_clip_unref(audio_clip *clip); /* NULL is fine */

uint32_t audio_clip_rate(const audio_clip *clip);
audio_span audio_clip_samples(const audio_clip *clip);
uint64_t audio_clip_ms(const audio_clip *clip);
size_t audio_clip_bytes(audio_clip *clip); /* that it holds, with its renditions */

/* NULL when it was not made yet. */
const audio_rendition *audio_clip_find(audio_clip *clip, const audio_rendering *what);

/* Makes it unless it is there; two threads at once make one. NULL when there is no
 * memory, or the codec cannot work so. It lives as long as the clip. */
const audio_rendition *audio_clip_render(audio_clip *clip, const audio_rendering *what);

#endif
