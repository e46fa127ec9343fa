/* SPDX-License-Identifier: MIT
 *
 * A party: who verbs are for. A session is one, and so is a conference.
 */
#ifndef MOONSIP_MEDIA_PARTY_H
#define MOONSIP_MEDIA_PARTY_H

#include "base/slots.h"
#include "media/verb.h"

enum { MEDIA_DIGIT_NEWS = 32 /* digits of a party that wait to be reported */ };

typedef struct media_world media_world;

typedef enum media_party_kind { MEDIA_SESSION, MEDIA_CONFERENCE } media_party_kind;

/* What there is to report of a party: bits, in the order they are told. */
enum {
  MEDIA_NEWS_LATCHED = 1,
  MEDIA_NEWS_ACTIVITY = 2,
  MEDIA_NEWS_DIGITS = 4,
  MEDIA_NEWS_INACTIVITY = 8,
  MEDIA_NEWS_TALK = 16,
  MEDIA_NEWS_SILENCE = 32,
  MEDIA_NEWS_BYE = 64,
  MEDIA_NEWS_CLOSED = 128 /* the last */
};

typedef struct media_digit_news {
  char digit;
  media_digit_way way;
} media_digit_news;

typedef struct media_party {
  media_parcel parcel; /* first */
  sip_link tick;       /* in the world's bucket */
  media_world *world;
  media_party_kind kind;
  uint8_t phase;
  uint8_t news;
  bool is_closing;
  uint32_t rate; /* of its samples, Hz */
  sip_id id;
  sip_link speaking; /* the first is at work */
  sip_link listening;
  media_verb *background; /* or NULL */
  media_digits digits;
  uint8_t digit_news_count;
  media_digit_news digit_news[MEDIA_DIGIT_NEWS];
} media_party;

void media_party_init(media_party *party, media_party_kind kind, sip_id id);

/* There is something to report of it. */
void media_party_tell(media_party *party, uint8_t news);

/* Takes a verb over; it begins at the next frame at the latest. */
void media_party_add(media_party *party, media_verb *verb);
/* Ends the verb of that number, or with 0 all that speak. */
void media_party_stop(media_party *party, uint32_t number);
void media_party_end_all(media_party *party, media_why why);
media_verb *media_party_find(media_party *party, uint32_t number);

/* The verb whose turn it is fills the frame, and the next when it ends with that; false:
 * nobody spoke. *mixes: what it says goes over what is sent anyhow. */
bool media_party_speak(media_party *party, media_frame *frame, bool *mixes);
/* Each verb hears the frame; `in` is NULL when nobody asked for it. */
void media_party_listen(media_party *party, const media_frame *in, const media_frame *out);
bool media_party_wants_in(const media_party *party);
bool media_party_wants_out(const media_party *party);

/* A key was pressed, or let go. True when it was not known yet by another way. */
bool media_party_digit(media_party *party, char digit, media_digit_way way);
void media_party_digit_end(media_party *party, media_digit_way way);

#endif
