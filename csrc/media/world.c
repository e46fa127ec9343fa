/* SPDX-License-Identifier: MIT
 *
 * The clock of the world: each party belongs to one of 20 phases and has its frame in
 * every 20th millisecond, so the work of a frame's time is spread over it. The list of
 * reports holds what has something to tell, in the order it happened.
 */
#include "media/world.h"

#include "media/bridge.h"
#include "media/conference.h"
#include "media/lookahead.h"
#include "media/session.h"
#include "media/stream.h"

void media_world_init(media_world *world, const media_output *output, rtp_time now) {
  memset(world, 0, sizeof *world);
  world->output = *output;
  world->now = now;
  world->slot = now / RTP_MS;
  sip_link_init(&world->reports);
  for (int i = 0; i < MEDIA_PHASES; i++) sip_link_init(&world->buckets[i]);
}

/* --- Parties in their phases ------------------------------------------------------ */

static uint8_t emptiest_phase(const media_world *world) {
  int best = 0;
  for (int i = 1; i < MEDIA_PHASES; i++) {
    if (world->bucket_counts[i] < world->bucket_counts[best]) best = i;
  }
  return (uint8_t)best;
}

void media_world_add(media_world *world, media_party *party) {
  party->world = world;
  party->phase = party->kind == MEDIA_CONFERENCE ? 0 : emptiest_phase(world);
  sip_link_append(&world->buckets[party->phase], &party->tick);
  world->bucket_counts[party->phase]++;
  world->parties++;
}

void media_world_remove(media_world *world, media_party *party) {
  sip_link_remove(&party->tick);
  world->bucket_counts[party->phase]--;
  world->parties--;
}

rtp_time media_world_deadline(const media_world *world) {
  if (world->parties == 0) return RTP_TIME_NEVER;
  int64_t slot = world->slot + 1;
  while (world->bucket_counts[slot % MEDIA_PHASES] == 0) slot++;
  return slot * RTP_MS;
}

static void tick_bucket(media_world *world, sip_link *bucket) {
  const media_output *output = &world->output;
  for (sip_link *link = bucket->next, *next; link != bucket; link = next) {
    next = link->next;
    media_look_ahead(bucket, link);
    media_party *party = SIP_CONTAINER(link, media_party, tick);
    media_session *session = media_session_of(party);
    if (session) {
      if (output->due) output->due(output->context, session);
      media_session_tick(session);
    } else {
      media_conference_tick((media_conference *)(void *)party);
    }
  }
}

/* A clock that comes late has all that was missed, but never more than a few frames of
 * a session at once: what is left out is a gap, and timestamps stay true to time. */
static void bound_burst(media_world *world, int64_t slot) {
  const int64_t most = (int64_t)MEDIA_BURST_FRAMES * MEDIA_PHASES;
  if (slot - world->slot <= most) return;
  int64_t left_out = (slot - world->slot - most + MEDIA_PHASES - 1) / MEDIA_PHASES;
  world->slot = slot - most;
  if (world->parties == 0) return;
  world->counts.overruns++;
  world->counts.skipped_frames += (uint64_t)left_out * world->parties;
}

void media_world_tick(media_world *world, rtp_time now) {
  int64_t slot = now / RTP_MS;
  bound_burst(world, slot);
  while (world->slot < slot) {
    world->slot++;
    world->now = world->slot * RTP_MS;
    tick_bucket(world, &world->buckets[world->slot % MEDIA_PHASES]);
  }
  world->now = now;
}

/* --- What comes in ---------------------------------------------------------------- */

void media_world_receive(media_world *world, rtp_time now, const media_datagram *datagram) {
  world->now = now;
  world->counts.packets_in++;
  media_session_receive(datagram->session, datagram);
}

bool media_world_send(media_world *world, const media_datagram *datagram) {
  if (!world->output.send(world->output.context, datagram)) return false;
  world->counts.packets_out++;
  return true;
}

void media_world_unsent(media_world *world, media_session *session) {
  world->counts.packets_out--;
  session->errors++;
}

/* --- What goes out ---------------------------------------------------------------- */

void media_world_report(media_world *world, media_parcel *parcel) {
  if (sip_link_alone(&parcel->link)) sip_link_append(&world->reports, &parcel->link);
}

static bool take(uint8_t *news, uint8_t bit) {
  if ((*news & bit) == 0) return false;
  *news &= (uint8_t)~bit;
  return true;
}

/* One of the party's pieces of news, the first to be told. */
static void tell_party(media_party *party, media_event *event) {
  static const struct {
    uint8_t bit;
    media_event_kind kind;
  } plain[] = {{MEDIA_NEWS_INACTIVITY, MEDIA_EVENT_INACTIVITY},
               {MEDIA_NEWS_TALK, MEDIA_EVENT_TALK},
               {MEDIA_NEWS_SILENCE, MEDIA_EVENT_SILENCE},
               {MEDIA_NEWS_BYE, MEDIA_EVENT_BYE},
               {MEDIA_NEWS_CLOSED, MEDIA_EVENT_CLOSED}};
  const media_session *session = media_session_of(party);
  event->id = party->id;
  event->parcel = &party->parcel;
  if (take(&party->news, MEDIA_NEWS_LATCHED)) {
    event->kind = MEDIA_EVENT_LATCHED;
    event->address = session->latch.remote;
    return;
  }
  if (take(&party->news, MEDIA_NEWS_ACTIVITY)) {
    event->kind = MEDIA_EVENT_ACTIVITY;
    return;
  }
  if (party->digit_news_count > 0) {
    event->kind = MEDIA_EVENT_DIGIT;
    event->digit = party->digit_news[0];
    memmove(party->digit_news, party->digit_news + 1,
            --party->digit_news_count * sizeof *party->digit_news);
    if (party->digit_news_count == 0) take(&party->news, MEDIA_NEWS_DIGITS);
    return;
  }
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
    if (!take(&party->news, plain[i].bit)) continue;
    event->kind = plain[i].kind;
    return;
  }
}

static void tell_verb(media_verb *verb, media_event *event) {
  static const struct {
    uint8_t bit;
    media_event_kind kind;
  } all[] = {{MEDIA_VERB_HEARD, MEDIA_EVENT_HEARD},
             {MEDIA_VERB_FRAMES, MEDIA_EVENT_FRAMES},
             {MEDIA_VERB_MARK, MEDIA_EVENT_MARK},
             {MEDIA_VERB_XON, MEDIA_EVENT_XON},
             {MEDIA_VERB_END, MEDIA_EVENT_END}};
  event->id = verb->party->id;
  event->number = verb->number;
  event->parcel = &verb->parcel;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    if (!take(&verb->news, all[i].bit)) continue;
    event->kind = all[i].kind;
    if (event->kind != MEDIA_EVENT_HEARD) return;
    event->why = verb->detect.heard;
    event->ms = verb->detect.heard_at_ms;
    return;
  }
}

bool media_world_next_event(media_world *world, media_event *event) {
  if (sip_link_alone(&world->reports)) return false;
  media_parcel *parcel = SIP_CONTAINER(world->reports.next, media_parcel, link);
  *event = (media_event){.parcel = parcel, .kind = MEDIA_EVENT_RETURNED};
  uint8_t left = 0;
  if (parcel->kind == MEDIA_PARCEL_PARTY) {
    media_party *party = (media_party *)(void *)parcel;
    tell_party(party, event);
    left = party->news;
  } else if (parcel->kind == MEDIA_PARCEL_VERB) {
    media_verb *verb = (media_verb *)(void *)parcel;
    tell_verb(verb, event);
    left = verb->news;
  }
  if (left == 0) sip_link_remove(&parcel->link);
  return true;
}

/* --- Commands --------------------------------------------------------------------- */

static void open_party(media_world *world, media_party *party) {
  media_session *session = media_session_of(party);
  media_world_add(world, party);
  if (session) media_session_open(session);
}

static void close_party(media_world *world, media_party *party) {
  media_session *session = media_session_of(party);
  media_party_end_all(party, MEDIA_WHY_CLOSED);
  if (session) {
    media_session_close(session);
  } else {
    media_conference_close((media_conference *)(void *)party);
  }
  media_world_remove(world, party);
  if (session && world->output.closed) world->output.closed(world->output.context, session);
  sip_link_remove(&party->parcel.link); /* behind its verbs, which it outlives */
  media_party_tell(party, MEDIA_NEWS_CLOSED);
}

static void set_background(media_party *party, media_verb *verb) {
  media_verb *old = party->background;
  party->background = verb;
  if (old) media_verb_end(old, MEDIA_WHY_STOPPED);
  if (!verb) return;
  verb->party = party;
  verb->is_started = true;
  party->world->verbs++;
  media_background_ops.start(verb);
}

static void pause_verb(media_party *party, const media_command *command) {
  media_verb *verb = media_party_find(party, command->number);
  if (!verb) return;
  if (verb->kind == MEDIA_RECORD || verb->kind == MEDIA_MONITOR) {
    verb->recording.is_paused = command->flag;
  }
}

static void clear_stream(media_party *party, const media_command *command) {
  media_verb *verb = media_party_find(party, command->number);
  if (verb && verb->kind == MEDIA_STREAM) media_stream_clear(verb, command->count);
}

static void signalled_digit(media_party *party, char digit) {
  media_session *session = media_session_of(party);
  if (session) {
    media_session_digit(session, digit, MEDIA_DIGIT_INFO);
    media_session_digit_end(session, MEDIA_DIGIT_INFO);
  } else if (media_party_digit(party, digit, MEDIA_DIGIT_INFO)) {
    media_party_digit_end(party, MEDIA_DIGIT_INFO);
  }
}

static void command_session(media_session *session, const media_command *command) {
  switch (command->kind) {
  case MEDIA_COMMAND_APPLY:
    media_session_apply(session, command->settings);
    break;
  case MEDIA_COMMAND_MUTE:
    session->mute = (uint8_t)command->number;
    break;
  case MEDIA_COMMAND_BRIDGE:
    media_bridge(session, media_session_of(command->peer), command->number);
    break;
  case MEDIA_COMMAND_LEAVE:
    media_leave(session);
    break;
  case MEDIA_COMMAND_JOIN:
    media_join(session, command->member);
    break;
  case MEDIA_COMMAND_MEMBER:
    media_change_member(session, command->member);
    break;
  default:
    break;
  }
}

void media_world_command(media_world *world, rtp_time now, const media_command *command) {
  media_party *party = command->party;
  world->now = now;
  switch (command->kind) {
  case MEDIA_COMMAND_OPEN:
    open_party(world, party);
    break;
  case MEDIA_COMMAND_CLOSE:
    close_party(world, party);
    break;
  case MEDIA_COMMAND_VERB:
    media_party_add(party, command->verb);
    break;
  case MEDIA_COMMAND_STOP:
    media_party_stop(party, command->number);
    break;
  case MEDIA_COMMAND_PAUSE:
    pause_verb(party, command);
    break;
  case MEDIA_COMMAND_CLEAR:
    clear_stream(party, command);
    break;
  case MEDIA_COMMAND_DIGIT:
    signalled_digit(party, (char)command->number);
    break;
  case MEDIA_COMMAND_FLUSH:
    media_digits_flush(&party->digits);
    break;
  case MEDIA_COMMAND_BACKGROUND:
    set_background(party, command->verb);
    break;
  default:
    command_session(media_session_of(party), command);
    break;
  }
}
