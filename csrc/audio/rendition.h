/* SPDX-License-Identifier: MIT
 *
 * Sound made ready once for all who will play it: at their rate, or as payloads of their
 * codec. Constant from when it is made.
 */
#ifndef MOONSIP_AUDIO_RENDITION_H
#define MOONSIP_AUDIO_RENDITION_H

#include "audio/codec.h"
#include "base/alloc.h"

/* What a rendition is. */
typedef struct audio_rendering {
  const audio_codec *codec;      /* NULL: samples */
  audio_codec_settings settings; /* sample_rate: of the samples or for the encoder; fmtp
                                    is not looked at */
  uint32_t ptime_ms;             /* of payloads, for codecs that cannot be cut anywhere; 0: 20 */
} audio_rendering;

typedef struct audio_rendition audio_rendition;

/* `what` with all that is left open filled in, for a sound of that rate. */
audio_rendering audio_rendering_complete(const audio_rendering *what, uint32_t rate);

/* Of complete ones. */
bool audio_rendering_same(const audio_rendering *a, const audio_rendering *b);

/* Makes one of a sound; `what` is complete. Samples of the sound's own rate are not copied,
 * so it must outlive this. NULL when there is no memory or the codec cannot work so. The
 * memory comes as alloc says, and is accounted for by itself. */
audio_rendition *audio_rendition_new(const audio_rendering *what, audio_span sound, uint32_t rate,
                                     const sip_alloc *alloc);
void audio_rendition_free(audio_rendition *rendition);

const audio_rendering *audio_rendition_what(const audio_rendition *rendition);
size_t audio_rendition_bytes(const audio_rendition *rendition); /* that it holds */

/* Of a rendition as samples. */
audio_span audio_rendition_samples(const audio_rendition *rendition);

/* The payload that begins from_ms into the sound and lasts ptime_ms; the last one is filled
 * up with silence. Empty after the end, and where the codec cannot be cut (opus anywhere but
 * at multiples of the ptime that was asked for): then encode the samples. */
sip_str audio_rendition_payload(const audio_rendition *rendition, uint64_t from_ms,
                                uint32_t ptime_ms);

#endif
