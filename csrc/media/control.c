/* SPDX-License-Identifier: MIT
 *
 * A party is found by its id, a verb in its party's list. Whatever the world has, lives
 * until it comes back; ids of what was closed find nothing from then on.
 */
#include "media/control.h"

#include "base/error.h"
#include "media/order.h"

void media_control_init(media_control *control, sip_alloc *alloc, const media_backend *backend) {
  *control =
      (media_control){.alloc = alloc, .backend = *backend, .max_sessions = MEDIA_SESSIONS_MAX};
  sip_slots_init(&control->handles, alloc);
  audio_codecs_init(&control->codecs);
}

void media_control_deinit(media_control *control) {
  sip_slots_deinit(&control->handles);
}

static void post(media_control *control, const media_command *command) {
  control->backend.post(control->backend.context, command);
}

/* --- Parties ---------------------------------------------------------------------- */

static media_handle *any_handle(const media_control *control, sip_id id) {
  return sip_slots_find(&control->handles, id);
}

media_handle *media_control_find(const media_control *control, sip_id id) {
  media_handle *handle = any_handle(control, id);
  return handle && !handle->is_closing ? handle : NULL;
}

media_handle *media_control_session(const media_control *control, sip_id id) {
  media_handle *handle = media_control_find(control, id);
  return handle && handle->party->kind == MEDIA_SESSION ? handle : NULL;
}

media_conference *media_control_find_conference(const media_control *control, sip_id id) {
  media_handle *handle = media_control_find(control, id);
  bool is_one = handle && handle->party->kind == MEDIA_CONFERENCE;
  return is_one ? (media_conference *)(void *)handle->party : NULL;
}

static size_t party_size(media_party_kind kind) {
  return kind == MEDIA_SESSION ? sizeof(media_session) : sizeof(media_conference);
}

/* A handle with its party, not yet in the world. */
static int new_handle(media_control *control, media_party_kind kind, void *owner, sip_id *id) {
  media_handle *handle = sip_alloc_zero(control->alloc, sizeof *handle);
  media_party *party = handle ? sip_alloc_zero(control->alloc, party_size(kind)) : NULL;
  *id = party ? sip_slots_add(&control->handles, handle) : 0;
  if (*id == 0) {
    if (party) sip_alloc_free(control->alloc, party, party_size(kind));
    sip_alloc_free(control->alloc, handle, sizeof *handle);
    return SIP_E_MEMORY;
  }
  handle->party = party;
  handle->owner = owner;
  sip_link_init(&handle->verbs);
  return 0;
}

static void free_handle(media_control *control, sip_id id) {
  media_handle *handle = any_handle(control, id);
  sip_slots_remove(&control->handles, id);
  sip_alloc_free(control->alloc, handle->party, party_size(handle->party->kind));
  sip_alloc_free(control->alloc, handle, sizeof *handle);
}

int media_control_open(media_control *control, sip_sockaddr *local, void *owner, sip_id *id) {
  if (control->sessions >= control->max_sessions) return SIP_E_LIMIT;
  int error = new_handle(control, MEDIA_SESSION, owner, id);
  if (error) return error;
  media_party *party = any_handle(control, *id)->party;
  media_session *session = media_session_of(party);
  media_session_init(session, *id, local);
  error = control->backend.bind(control->backend.context, session);
  if (error) {
    free_handle(control, *id);
    return error;
  }
  *local = session->local;
  control->sessions++;
  post(control, &(media_command){.kind = MEDIA_COMMAND_OPEN, .party = party});
  return 0;
}

int media_control_conference(media_control *control, uint32_t rate, void *owner, sip_id *id) {
  int error = new_handle(control, MEDIA_CONFERENCE, owner, id);
  if (error) return error;
  media_handle *handle = any_handle(control, *id);
  handle->rate = rate;
  media_conference_init((media_conference *)(void *)handle->party, *id, rate);
  post(control, &(media_command){.kind = MEDIA_COMMAND_OPEN, .party = handle->party});
  return 0;
}

static void leave_conference(media_control *control, media_handle *handle) {
  media_handle *conference = handle->conference ? any_handle(control, handle->conference) : NULL;
  if (conference) conference->members--;
  handle->conference = 0;
}

static void close_handle(media_control *control, media_handle *handle) {
  if (handle->is_closing) return;
  leave_conference(control, handle);
  handle->is_closing = true;
  post(control, &(media_command){.kind = MEDIA_COMMAND_CLOSE, .party = handle->party});
}

int media_control_close(media_control *control, sip_id id) {
  media_handle *handle = media_control_find(control, id);
  if (!handle) return SIP_E_GONE;
  close_handle(control, handle);
  return 0;
}

void media_control_close_all(media_control *control, const void *owner) {
  size_t cursor = 0;
  media_handle *handle;
  while ((handle = sip_slots_next(&control->handles, &cursor)) != NULL) {
    if (!owner || handle->owner == owner) close_handle(control, handle);
  }
}

/* --- What they do ----------------------------------------------------------------- */

int media_control_tell(media_control *control, sip_id id, media_command *command) {
  media_handle *handle = media_control_find(control, id);
  if (!handle) return SIP_E_GONE;
  command->party = handle->party;
  post(control, command);
  return 0;
}

int media_control_apply(media_control *control, sip_id id, media_settings *settings) {
  media_handle *handle = media_control_session(control, id);
  if (!handle) {
    media_settings_free(control->alloc, settings);
    return SIP_E_GONE;
  }
  handle->rate = settings->voice->rate;
  handle->codec = settings->voice->codecs[0].codec;
  media_command command = {.kind = MEDIA_COMMAND_APPLY, .settings = settings};
  return media_control_tell(control, id, &command);
}

media_verb *media_control_verb(const media_control *control, sip_id id, uint32_t number) {
  media_handle *handle = media_control_find(control, id);
  if (!handle) return NULL;
  sip_link *head = &handle->verbs;
  for (sip_link *link = head->next; link != head; link = link->next) {
    media_verb *verb = SIP_CONTAINER(link, media_verb, held);
    if (verb->number == number) return verb;
  }
  return NULL;
}

/* The count that bounds verbs like this one. */
static uint32_t *count_of(media_handle *handle, media_verb_kind kind) {
  return media_verb_speaks(kind) ? &handle->speaking : &handle->listening;
}

static int check_room(media_handle *handle, media_verb_kind kind) {
  if (!handle) return SIP_E_GONE;
  uint32_t most = media_verb_speaks(kind) ? MEDIA_SPEAKING_MAX : MEDIA_LISTENING_MAX;
  return *count_of(handle, kind) < most ? 0 : SIP_E_LIMIT;
}

static media_recorder *recorder_of(const media_verb *verb) {
  bool records = verb->kind == MEDIA_RECORD || verb->kind == MEDIA_MONITOR;
  return records ? verb->recording.recorder : NULL;
}

int media_control_add(media_control *control, sip_id id, media_verb *verb, uint32_t *number) {
  media_handle *handle = media_control_find(control, id);
  const media_backend *backend = &control->backend;
  media_recorder *recorder = recorder_of(verb);
  int error = check_room(handle, verb->kind);
  if (!error && recorder && backend->need_disk) error = backend->need_disk(backend->context);
  if (error) {
    media_verb_free(control->alloc, verb);
    return error;
  }
  if (++control->last_number == 0) control->last_number = 1;
  *number = verb->number = control->last_number;
  ++*count_of(handle, verb->kind);
  control->verbs++;
  sip_link_append(&handle->verbs, &verb->held);
  if (recorder) backend->record(backend->context, recorder);
  media_command command = {.kind = MEDIA_COMMAND_VERB, .verb = verb};
  return media_control_tell(control, id, &command);
}

int media_control_background(media_control *control, sip_id id, media_verb *verb) {
  media_command command = {.kind = MEDIA_COMMAND_BACKGROUND, .verb = verb};
  int error = media_control_tell(control, id, &command);
  if (error && verb) media_verb_free(control->alloc, verb);
  return error;
}

int media_control_stop(media_control *control, sip_id id, uint32_t number) {
  if (!media_control_find(control, id)) return SIP_E_GONE;
  if (number && !media_control_verb(control, id, number)) return SIP_E_GONE;
  media_command command = {.kind = MEDIA_COMMAND_STOP, .number = number};
  return media_control_tell(control, id, &command);
}

/* --- Together --------------------------------------------------------------------- */

int media_control_bridge(media_control *control, sip_id a, sip_id b, uint32_t flags) {
  media_handle *one = media_control_session(control, a), *other = media_control_session(control, b);
  if (!one || !other) return SIP_E_GONE;
  if (one == other) return SIP_E_INVALID;
  leave_conference(control, one);
  leave_conference(control, other);
  media_command command = {.kind = MEDIA_COMMAND_BRIDGE, .peer = other->party, .number = flags};
  return media_control_tell(control, a, &command);
}

int media_control_leave(media_control *control, sip_id id) {
  media_handle *handle = media_control_session(control, id);
  if (!handle) return SIP_E_GONE;
  leave_conference(control, handle);
  media_command command = {.kind = MEDIA_COMMAND_LEAVE};
  return media_control_tell(control, id, &command);
}

/* The member, or why it cannot be. */
static int check_join(const media_control *control, sip_id conference, sip_id id) {
  const media_handle *of = media_control_find(control, conference);
  const media_handle *handle = media_control_session(control, id);
  if (!of || !handle || of->party->kind != MEDIA_CONFERENCE) return SIP_E_GONE;
  bool is_in = handle->conference == conference;
  return is_in || of->members < of->most ? 0 : SIP_E_LIMIT;
}

int media_control_join(media_control *control, sip_id conference, sip_id id, media_member *member) {
  int error = check_join(control, conference, id);
  if (error) {
    sip_alloc_free(control->alloc, member, sizeof *member);
    return error;
  }
  media_handle *handle = media_control_session(control, id);
  leave_conference(control, handle);
  handle->conference = conference;
  media_control_find(control, conference)->members++;
  media_command command = {.kind = MEDIA_COMMAND_JOIN, .member = member};
  return media_control_tell(control, id, &command);
}

int media_control_change(media_control *control, sip_id id, media_member *member) {
  media_command command = {.kind = MEDIA_COMMAND_MEMBER, .member = member};
  const media_handle *handle = media_control_session(control, id);
  int error = handle && handle->conference ? 0 : SIP_E_GONE;
  if (!error) return media_control_tell(control, id, &command);
  sip_alloc_free(control->alloc, member, sizeof *member);
  return error;
}

int media_control_stats(const media_control *control, sip_id id, media_stats *out) {
  const media_handle *handle = any_handle(control, id);
  media_session *session = handle ? media_session_of(handle->party) : NULL;
  if (!session) return SIP_E_GONE;
  if (control->backend.is_direct && session->party.world) {
    media_session_stats(session, out);
  } else {
    media_snapshot_read(&session->snapshot, out);
  }
  return 0;
}

/* --- What comes back -------------------------------------------------------------- */

static void free_parcel(media_control *control, media_parcel *parcel) {
  if (parcel->kind == MEDIA_PARCEL_SETTINGS) {
    media_settings_free(control->alloc, (media_settings *)(void *)parcel);
  } else {
    sip_alloc_free(control->alloc, parcel, sizeof(media_member));
  }
}

static void finish_recording(media_control *control, media_verb *verb) {
  media_recorder *recorder = recorder_of(verb);
  recorder->owner = verb;
  any_handle(control, verb->party->id)->finishing++;
  control->finishing++;
  control->backend.finish(control->backend.context, recorder, verb->result.trim_ms);
}

/* True when the event is to be told now. */
static bool take_back(media_control *control, const media_event *event) {
  media_verb *verb = (media_verb *)(void *)event->parcel;
  media_handle *handle = any_handle(control, event->id);
  switch (event->kind) {
  case MEDIA_EVENT_RETURNED:
    free_parcel(control, event->parcel);
    return false;
  case MEDIA_EVENT_CLOSED:
    handle->is_closed = true;
    return handle->finishing == 0;
  case MEDIA_EVENT_END:
    if (verb->kind == MEDIA_BACKGROUND) {
      media_verb_free(control->alloc, verb);
      return false;
    }
    if (!recorder_of(verb)) return true;
    finish_recording(control, verb);
    return false;
  default:
    return true;
  }
}

static bool next_finished(media_control *control, media_event *event) {
  if (control->finishing == 0) return false;
  media_recorder *recorder = control->backend.finished(control->backend.context);
  if (!recorder) return false;
  media_verb *verb = recorder->owner;
  control->finishing--;
  *event = (media_event){.kind = MEDIA_EVENT_END,
                         .id = verb->party->id,
                         .number = verb->number,
                         .parcel = &verb->parcel};
  return true;
}

/* A party that closed while the last of its recordings was being written. */
static bool next_closed(media_control *control, media_event *event) {
  if (control->closed == 0) return false;
  media_handle *handle = any_handle(control, control->closed);
  *event = (media_event){
      .kind = MEDIA_EVENT_CLOSED, .id = control->closed, .parcel = &handle->party->parcel};
  control->closed = 0;
  return true;
}

bool media_control_next(media_control *control, media_event *event, void **owner) {
  bool found = next_closed(control, event) || next_finished(control, event);
  while (!found && control->backend.take(control->backend.context, event)) {
    found = take_back(control, event) || next_finished(control, event);
  }
  if (!found) return false;
  *owner = any_handle(control, event->id)->owner;
  return true;
}

void media_control_settle(media_control *control, const media_event *event) {
  media_handle *handle = any_handle(control, event->id);
  if (event->kind == MEDIA_EVENT_CLOSED) {
    if (handle->party->kind == MEDIA_SESSION) {
      control->sessions--;
      control->backend.release(control->backend.context, media_session_of(handle->party));
    }
    free_handle(control, event->id);
  } else if (event->kind == MEDIA_EVENT_END) {
    media_verb *verb = (media_verb *)(void *)event->parcel;
    --*count_of(handle, verb->kind);
    control->verbs--;
    if (recorder_of(verb) && --handle->finishing == 0 && handle->is_closed) {
      control->closed = event->id;
    }
    sip_link_remove(&verb->held);
    media_verb_free(control->alloc, verb);
  }
}
