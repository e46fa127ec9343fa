/* SPDX-License-Identifier: MIT
 *
 * The main thread's side: who is there, what was given to the world, and what came back.
 * Behind it the world is on a thread of its own (media/thread) or in a fabric under a
 * virtual clock (media/fabric); it is the same from here.
 *
 * Functions return 0 or: SIP_E_GONE, a party or verb that has ended; SIP_E_LIMIT, a bound;
 * SIP_E_MEMORY; SIP_E_INVALID, a party of the wrong kind. What they take over they free
 * themselves when they fail.
 */
#ifndef MOONSIP_MEDIA_CONTROL_H
#define MOONSIP_MEDIA_CONTROL_H

#include "media/conference.h"
#include "media/event.h"
#include "media/recorder.h"
#include "media/session.h"
#include "media/stream.h"

enum { MEDIA_SESSIONS_MAX = 4096 };

/* What carries commands and events, and has the sockets and the files. */
typedef struct media_backend {
  /* Binds: session->local has the IP, and the port unless that is 0; then it has both. */
  int (*bind)(void *context, media_session *session);
  void (*release)(void *context, media_session *session);
  void (*post)(void *context, const media_command *command);
  bool (*take)(void *context, media_event *event);
  /* Recordings can be written: 0 or an error. NULL: they can. */
  int (*need_disk)(void *context);
  /* One begins to be written; is over; was written to its end. */
  void (*record)(void *context, media_recorder *recorder);
  void (*finish)(void *context, media_recorder *recorder, uint64_t trim_ms);
  media_recorder *(*finished)(void *context);
  bool is_direct; /* the world runs on this thread */
  void *context;
} media_backend;

typedef struct media_control {
  sip_alloc *alloc;
  media_backend backend;
  sip_slots handles;
  audio_codecs codecs;
  uint32_t last_number; /* of a verb */
  size_t sessions, max_sessions;
  size_t verbs;
  size_t finishing; /* recordings that are over and not written yet */
  sip_id closed;    /* a party whose end is to be told now; 0: none */
} media_control;

/* A party as the main thread knows it. */
typedef struct media_handle {
  media_party *party;
  void *owner;    /* whose events they are */
  sip_link verbs; /* those given away */
  uint32_t speaking, listening;
  uint32_t finishing;       /* recordings */
  uint32_t rate;            /* of its samples by the last settings, Hz */
  const audio_codec *codec; /* that it sends, by the same; NULL: none yet */
  sip_id conference;        /* that it is in, or 0 */
  uint32_t members, most;   /* of a conference */
  bool is_closing;          /* we said so */
  bool is_closed;           /* the world did */
} media_handle;

void media_control_init(media_control *control, sip_alloc *alloc, const media_backend *backend);
/* Everything must have been closed and taken back. */
void media_control_deinit(media_control *control);

int media_control_open(media_control *control, sip_sockaddr *local, void *owner, sip_id *id);
int media_control_conference(media_control *control, uint32_t rate, void *owner, sip_id *id);
int media_control_close(media_control *control, sip_id id);
void media_control_close_all(media_control *control, const void *owner); /* NULL: of everybody */

/* NULL: gone, or being closed. */
media_handle *media_control_find(const media_control *control, sip_id id);
media_handle *media_control_session(const media_control *control, sip_id id);
media_conference *media_control_find_conference(const media_control *control, sip_id id);
media_verb *media_control_verb(const media_control *control, sip_id id, uint32_t number);

int media_control_apply(media_control *control, sip_id id, media_settings *settings);
int media_control_add(media_control *control, sip_id id, media_verb *verb, uint32_t *number);
int media_control_background(media_control *control, sip_id id, media_verb *verb);
int media_control_stop(media_control *control, sip_id id, uint32_t number);
int media_control_bridge(media_control *control, sip_id a, sip_id b, uint32_t flags);
int media_control_leave(media_control *control, sip_id id); /* bridge or conference */
int media_control_join(media_control *control, sip_id conference, sip_id id, media_member *member);
/* In the place of the member that the session is. */
int media_control_change(media_control *control, sip_id id, media_member *member);
/* Those with nothing to give away: command->party is filled in. */
int media_control_tell(media_control *control, sip_id id, media_command *command);

/* The figures of a session; also of one that is closing. */
int media_control_stats(const media_control *control, sip_id id, media_stats *out);

/* What happened, for the one who owns that party; false: nothing more. What the event
 * brings back is there until media_control_settle, which must follow. */
bool media_control_next(media_control *control, media_event *event, void **owner);
void media_control_settle(media_control *control, const media_event *event);

#endif
