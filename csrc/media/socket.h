/* SPDX-License-Identifier: MIT
 *
 * The sockets of a session: RTP on an even port, RTCP on the odd one above it, and beside
 * the first one of the same port that is connected to the peer. Its packets go through
 * that at three quarters of the cost; everybody else's still come to the first, to be
 * seen and counted.
 */
#ifndef MOONSIP_MEDIA_SOCKET_H
#define MOONSIP_MEDIA_SOCKET_H

#include "media/ports.h"
#include "media/world.h"

enum { MEDIA_SOCKET_RTP, MEDIA_SOCKET_RTCP, MEDIA_SOCKET_PEER, MEDIA_SOCKETS };

enum { MEDIA_DATAGRAM_MAX = 2048 /* bytes that are received; the rest is cut off */ };

typedef struct media_socket {
  media_session *session;
  int fds[MEDIA_SOCKETS];
  bool is_connected; /* the third one is, to `peer` */
  bool is_pure;      /* and nothing waits in it that came before it was */
  bool is_watched;   /* the thread is woken for it */
  bool is_behind;    /* there was less to receive last time than usual */
  bool is_queued;    /* a packet waits in the batch */
  bool is_asked;     /* the batch has asked it for its packet */
  uint8_t looks;     /* at it, when it is not watched */
  uint8_t usual;     /* packets to receive in a frame's time */
  uint8_t sent;      /* packets in a row to that address, up to `steady` */
  uint8_t steady;    /* packets until it is connected to */
  uint16_t got_len;  /* of the packet that a batch has brought; 0: none */
  sip_sockaddr peer; /* that RTP was sent to last */
  const uint8_t *got;
  rtp_time sent_at; /* the last RTP packet, for the thread's figures; 0: none */
} media_socket;

/* Binds them to the session's local IP: to its port, or with port 0 to the next two of
 * `ports` that are free. 0, SIP_E_LIMIT when none is, or a negative system error. */
int media_socket_open(media_socket *socket, sip_sockaddr *local, media_ports *ports);
void media_socket_close(media_socket *socket);

/* RTP goes to that address: true when the third socket has just been connected to it. */
bool media_socket_note(media_socket *socket, const sip_sockaddr *to);
bool media_socket_send(const media_socket *socket, const media_datagram *datagram);
/* By the connected one, after it failed. */
bool media_socket_resend(const media_socket *socket, const uint8_t *bytes, size_t len);
/* A datagram of that one of them; its bytes go into `room`. False: none waits. An error of
 * an earlier packet (ICMP) is passed over. */
bool media_socket_receive(media_socket *socket, size_t which, uint8_t room[MEDIA_DATAGRAM_MAX],
                          media_datagram *out);

#endif
