/* SPDX-License-Identifier: MIT
 *
 * Verbs, programs, streams and settings as the main thread makes and frees them.
 */
#ifndef MOONSIP_MEDIA_ORDER_H
#define MOONSIP_MEDIA_ORDER_H

#include "base/alloc.h"
#include "media/recorder.h"
#include "media/settings.h"
#include "media/stream.h"
#include "media/verb.h"

/* Zeroed; NULL without memory. */
media_verb *media_verb_new(sip_alloc *alloc, media_verb_kind kind);
/* With all that it has: program, recorder, converters, stream. NULL is fine. */
void media_verb_free(sip_alloc *alloc, media_verb *verb);

/* Room for `count` items; 0 or SIP_E_MEMORY. Items are filled in by the caller, each with
 * a reference to its clip, or a tone of media_item_set_tone. */
int media_program_init(sip_alloc *alloc, media_program *program, uint32_t count);
media_item *media_program_item(media_program *program, uint32_t index);
int media_item_set_tone(sip_alloc *alloc, media_item *item, const audio_tone *tone);
void media_program_free(sip_alloc *alloc, media_program *program);

typedef struct media_stream_config {
  uint32_t rate;
  media_what what;
  bool speaks;
  uint32_t buffer_ms; /* of each direction */
} media_stream_config;

int media_stream_new(sip_alloc *alloc, const media_stream_config *config, media_stream **out);

/* NULL without memory. */
media_settings *media_settings_new(sip_alloc *alloc);
void media_settings_free(sip_alloc *alloc, media_settings *settings); /* NULL is fine */

#endif
