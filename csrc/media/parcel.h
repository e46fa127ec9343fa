/* SPDX-License-Identifier: MIT
 *
 * What travels between the main thread and the world. The main thread allocates it, a
 * command takes it over, an event gives it back to be freed: the world itself neither
 * allocates nor frees. Going back it lies in the world's list of reports, whose links
 * live in the parcels, so that a report needs no room and cannot be lost.
 */
#ifndef MOONSIP_MEDIA_PARCEL_H
#define MOONSIP_MEDIA_PARCEL_H

#include "base/list.h"

typedef enum media_parcel_kind {
  MEDIA_PARCEL_PARTY,    /* a session or conference that has news, or has closed */
  MEDIA_PARCEL_VERB,     /* ended */
  MEDIA_PARCEL_SETTINGS, /* replaced by others */
  MEDIA_PARCEL_MEMBER    /* out of its conference */
} media_parcel_kind;

typedef struct media_parcel {
  sip_link link;
  media_parcel_kind kind;
} media_parcel;

static inline void media_parcel_init(media_parcel *parcel, media_parcel_kind kind) {
  sip_link_init(&parcel->link);
  parcel->kind = kind;
}

#endif
