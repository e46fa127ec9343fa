/* SPDX-License-Identifier: MIT
 *
 * What the world tells the main thread.
 */
#ifndef MOONSIP_MEDIA_EVENT_H
#define MOONSIP_MEDIA_EVENT_H

#include "base/sockaddr.h"
#include "media/party.h"

typedef enum media_event_kind {
  MEDIA_EVENT_LATCHED, /* address */
  MEDIA_EVENT_ACTIVITY,
  MEDIA_EVENT_DIGIT, /* digit, way */
  MEDIA_EVENT_INACTIVITY,
  MEDIA_EVENT_TALK,
  MEDIA_EVENT_SILENCE,
  MEDIA_EVENT_BYE,
  MEDIA_EVENT_CLOSED,  /* parcel: the party, to be freed */
  MEDIA_EVENT_HEARD,   /* number, why, ms */
  MEDIA_EVENT_FRAMES,  /* number */
  MEDIA_EVENT_MARK,    /* number */
  MEDIA_EVENT_XON,     /* number */
  MEDIA_EVENT_END,     /* number, parcel: the verb, to be freed */
  MEDIA_EVENT_RETURNED /* parcel: settings or member, to be freed */
} media_event_kind;

typedef struct media_event {
  media_event_kind kind;
  uint32_t number; /* of a verb */
  sip_id id;       /* of a party */
  media_parcel *parcel;
  uint64_t ms;
  union {
    sip_sockaddr address;
    media_digit_news digit;
    media_why why;
  };
} media_event;

#endif
