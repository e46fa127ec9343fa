/* SPDX-License-Identifier: MIT
 *
 * An ear of a fabric: keeps the last of what a session hears, for simulations that ask
 * afterwards. It is no verb: nothing waits for it, and it outlives the session.
 */
#ifndef MOONSIP_MEDIA_EAR_H
#define MOONSIP_MEDIA_EAR_H

#include "base/alloc.h"
#include "base/list.h"
#include "base/slots.h"
#include "media/converter.h"

enum { MEDIA_EAR_RATE = 8000 /* Hz */ };

typedef struct media_ear {
  sip_link link;  /* the owner's */
  sip_id id;      /* of the session */
  uint64_t heard; /* samples ever */
  size_t room;    /* of `samples` */
  media_converter converter;
  int16_t samples[];
} media_ear;

/* NULL without memory. */
media_ear *media_ear_new(sip_alloc *alloc, sip_id id, uint32_t ms);
void media_ear_free(sip_alloc *alloc, media_ear *ear);

/* A frame that was heard. */
void media_ear_take(media_ear *ear, const media_frame *frame);

/* The place of the oldest sample that is kept. */
static inline uint64_t media_ear_first(const media_ear *ear) {
  return ear->heard > ear->room ? ear->heard - ear->room : 0;
}
/* `count` samples from a place on; all of them must be kept. */
void media_ear_copy(const media_ear *ear, uint64_t from, size_t count, int16_t *out);

#endif
