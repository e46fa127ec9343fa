/* SPDX-License-Identifier: MIT
 *
 * The sockets of all sessions, as the media thread looks at them: those that somebody
 * listens to as their packets come; the others when their own frame is due, not sooner
 * than the packets can matter, while the session's memory is at hand. With many sessions
 * packets come and go by the batch.
 */
#ifndef MOONSIP_MEDIA_POLL_H
#define MOONSIP_MEDIA_POLL_H

#include "media/batch.h"
#include "media/lateness.h"
#include "media/socket.h"

typedef struct media_poll {
  int fd; /* readable when a socket that is watched has a packet */
  media_world *world;
  sip_alloc *alloc;
  media_batch *batch;       /* NULL: each packet is a system call of its own */
  uint32_t asked_for;       /* sessions of the bucket whose packets were asked for */
  bool watches_all;         /* there are few sessions */
  rtp_time now;             /* when the clock was read last */
  media_lateness *lateness; /* of what goes out */
} media_poll;

/* 0 or a negative system error. */
int media_poll_init(media_poll *poll, media_world *world, media_lateness *lateness);
/* From then on packets may go by the batch, where that works here. */
void media_poll_batch(media_poll *poll, sip_alloc *alloc);
void media_poll_deinit(media_poll *poll);

void media_poll_open(media_poll *poll, media_socket *socket);
void media_poll_close(media_poll *poll, media_socket *socket);

/* Now, or with the next flush. */
bool media_poll_send(media_poll *poll, const media_datagram *datagram);
void media_poll_flush(media_poll *poll);

/* What waits in the sockets that are watched, until that instant. */
void media_poll_receive(media_poll *poll, rtp_time until);
/* A session's frame is due: what waits for it, if it is not watched. */
void media_poll_due(media_poll *poll, const media_session *session);

#endif
