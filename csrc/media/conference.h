/* SPDX-License-Identifier: MIT
 *
 * A conference: a party whose sound is the sum of its members', each of whom hears all
 * but himself. What is played to it is heard by all; what is recorded of it is the sum.
 */
#ifndef MOONSIP_MEDIA_CONFERENCE_H
#define MOONSIP_MEDIA_CONFERENCE_H

#include "audio/mixer.h"
#include "audio/silence.h"
#include "media/converter.h"
#include "media/session.h"

enum {
  MEDIA_CONFERENCE_MEMBERS = 250,
  MEDIA_WHISPERS_MAX = 8, /* whom one member's words may be kept to */
  MEDIA_TALK_MS = 60,     /* loud for this long is talk */
  MEDIA_HUSH_MS = 1000    /* silent for this long ends it */
};

struct media_member {
  media_parcel parcel; /* first */
  sip_link link;       /* in the conference's list */
  media_conference *conference;
  media_session *session;
  bool is_muted, is_deaf;
  audio_gain gain_in, gain_out;
  uint8_t whisper_count; /* 0: everybody hears it */
  sip_id whispers[MEDIA_WHISPERS_MAX];
  bool has_words;                 /* `words` count in this frame */
  int16_t words[MEDIA_FRAME_MAX]; /* at the conference's rate */
  audio_silence silence;
  media_converter in, out;
};

struct media_conference {
  media_party party; /* first */
  sip_link members;
  size_t count;
  size_t audible;                  /* of them, not muted in this frame */
  int16_t played[MEDIA_FRAME_MAX]; /* by the conference's own verbs */
  bool has_played;
  audio_mixer mix;
};

void media_conference_init(media_conference *conference, sip_id id, uint32_t rate);
void media_member_init(media_member *member, media_conference *conference);

void media_conference_tick(media_conference *conference);
/* All members leave. */
void media_conference_close(media_conference *conference);

/* Takes the member over; the session leaves what it was in. */
void media_join(media_session *session, media_member *member);
/* The same with other settings; does nothing for who is not in that conference. */
void media_change_member(media_session *session, media_member *member);
void media_leave_conference(media_session *session);

/* What the member hears; false when nobody says anything. */
bool media_member_say(media_member *member, media_frame *frame);

#endif
