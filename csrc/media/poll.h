/* SPDX-License-Identifier: MIT
 *
 * The sockets of all sessions, as the media thread looks at them: those that somebody
 * listens to as their packets come; the others when their own frame is due, not sooner
 * than the packets can matter, while the session's memory is at hand.
 */
#ifndef MOONSIP_MEDIA_POLL_H
#define MOONSIP_MEDIA_POLL_H

#include "media/socket.h"

typedef struct media_poll {
  int fd; /* readable when a socket that is watched has a packet */
  media_world *world;
  bool watches_all;
} media_poll;

/* 0 or a negative system error. */
int media_poll_init(media_poll *poll, media_world *world);
void media_poll_deinit(media_poll *poll);

void media_poll_open(media_poll *poll, media_socket *socket);
void media_poll_close(media_poll *poll, media_socket *socket);

bool media_poll_send(media_poll *poll, const media_datagram *datagram);

/* What waits in the sockets that are watched, until that instant. */
void media_poll_receive(media_poll *poll, rtp_time until);
/* A session's frame is due: what waits for it, if it is not watched. `now` is the clock's,
 * give or take a millisecond. */
void media_poll_due(media_poll *poll, const media_session *session, rtp_time now);

#endif
