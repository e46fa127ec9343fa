/* SPDX-License-Identifier: MIT
 *
 * The world of media: sessions, conferences and their verbs under one clock. Commands,
 * datagrams and time go in; packets go out through one function, events wait to be taken.
 * One thread at a time. It never allocates, locks, reads a file or a clock: whatever it
 * works on came by a command and goes back by an event (media/parcel.h).
 */
#ifndef MOONSIP_MEDIA_WORLD_H
#define MOONSIP_MEDIA_WORLD_H

#include "base/random.h"
#include "media/command.h"
#include "media/event.h"
#include "media/session.h"

enum {
  MEDIA_BURST_FRAMES = 3, /* of one session at once, after the clock came late */
};

struct media_datagram {
  media_session *session;
  bool is_rtcp;         /* of the RTCP port */
  sip_sockaddr address; /* going out: to; coming in: from */
  const uint8_t *bytes;
  size_t len;
};

typedef struct media_output {
  /* False when it could not be sent: it is counted, and that is all. */
  bool (*send)(void *context, const media_datagram *datagram);
  /* A session's frame is due: what has come for it meanwhile may be received now. NULL:
   * everything was as it came. */
  void (*due)(void *context, media_session *session);
  /* The session is out of the world: nothing is sent for it any more. */
  void (*closed)(void *context, media_session *session);
  void *context;
} media_output;

typedef struct media_counts {
  uint64_t sessions, verbs; /* now */
  uint64_t packets_in, packets_out;
  uint64_t overruns;       /* times that the clock came so late that frames were left out */
  uint64_t skipped_frames; /* of all sessions */
} media_counts;

struct media_world {
  media_output output;
  rtp_time now;        /* of the frame, packet or command that is being worked on */
  int64_t slot;        /* the last millisecond whose frames are done */
  int64_t wall_offset; /* wall clock - now, ns, for NTP timestamps */
  bool has_begun;
  size_t verbs;
  size_t parties;
  sip_link buckets[MEDIA_PHASES];
  size_t bucket_counts[MEDIA_PHASES];
  sip_link reports; /* parcels, the oldest first */
  media_counts counts;
  sip_random random; /* made by who owns the world */
};

/* Then the owner makes world->random. */
void media_world_init(media_world *world, const media_output *output, rtp_time now);

void media_world_command(media_world *world, rtp_time now, const media_command *command);
void media_world_receive(media_world *world, rtp_time now, const media_datagram *datagram);
/* Sends every frame that is due by now. */
void media_world_tick(media_world *world, rtp_time now);
/* When the next frame is due; RTP_TIME_NEVER without a session. */
rtp_time media_world_deadline(const media_world *world);

/* What happened: false when nothing waits. Parcels in it are the caller's. */
bool media_world_next_event(media_world *world, media_event *event);

/* For the files of media: a parcel has something to tell. */
void media_world_report(media_world *world, media_parcel *parcel);
void media_world_add(media_world *world, media_party *party);
void media_world_remove(media_world *world, media_party *party);
bool media_world_send(media_world *world, const media_datagram *datagram);
/* One that seemed to be sent was not, after all. */
void media_world_unsent(media_world *world, media_session *session);

#endif
