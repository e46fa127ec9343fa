/* SPDX-License-Identifier: MIT
 *
 * Samples from one rate to another, where the rates are known only in the world: the
 * memory comes with it, so that a change of codecs needs none.
 */
#ifndef MOONSIP_MEDIA_CONVERTER_H
#define MOONSIP_MEDIA_CONVERTER_H

#include <stdalign.h>

#include "audio/resampler.h"
#include "media/frame.h"

enum { MEDIA_CONVERTER_ROOM = 3648 /* of a resampler between 8, 16, 24, 32 and 48 kHz */ };

typedef struct media_converter {
  uint32_t from, to;
  audio_resampler *resampler; /* NULL: same rate, or none that we convert */
  alignas(max_align_t) unsigned char block[MEDIA_CONVERTER_ROOM];
} media_converter;

/* Fills `to`, a frame at to->rate, with what `from` says at its own. */
void media_convert(media_converter *converter, const media_frame *from, media_frame *to);

#endif
