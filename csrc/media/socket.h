/* SPDX-License-Identifier: MIT
 *
 * The two sockets of a session: RTP on an even port, RTCP on the odd one above it.
 */
#ifndef MOONSIP_MEDIA_SOCKET_H
#define MOONSIP_MEDIA_SOCKET_H

#include "media/ports.h"
#include "media/world.h"

typedef struct media_socket {
  media_session *session;
  int fds[2];       /* RTP, RTCP */
  rtp_time sent_at; /* the last RTP packet, for the thread's figures; 0: none */
} media_socket;

/* Binds both to the session's local IP: to its port, or with port 0 to the next two of
 * `ports` that are free. 0, SIP_E_LIMIT when none is, or a negative system error. */
int media_socket_open(media_socket *socket, sip_sockaddr *local, media_ports *ports);
void media_socket_close(media_socket *socket);

bool media_socket_send(const media_socket *socket, const media_datagram *datagram);
/* One datagram into `bytes`: its length and where it came from; 0: none waits. An error of
 * an earlier packet (ICMP) is passed over. */
size_t media_socket_receive(int fd, uint8_t *bytes, size_t room, sip_sockaddr *from);

#endif
