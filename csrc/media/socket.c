/* SPDX-License-Identifier: MIT
 *
 * Sockets that never block, and for which an ICMP error ends nothing. The third one shares
 * the first one's port (SO_REUSEPORT), which that was bound to alone before: nobody else
 * can have it. The kernel gives a packet to the connected one of several.
 */
#include "media/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

enum {
  DSCP_EXPEDITED = 46 << 2, /* RFC 3246: voice, in the upper six bits of the field */
  STEADY_PACKETS = 25,      /* to one address, until it is connected to; */
  STEADY_SPREAD = 128,      /* some more, lest many that began at once do so at once */
  RECEIVE_TRIES = 4         /* errors of earlier packets in a row */
};

typedef union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} address;

static socklen_t to_system(const sip_sockaddr *from, address *out) {
  if (from->family == 6) {
    out->v6 = (struct sockaddr_in6){
        .sin6_family = AF_INET6, .sin6_port = htons(from->port), .sin6_scope_id = from->scope};
    memcpy(&out->v6.sin6_addr, from->ip, 16);
    return sizeof out->v6;
  }
  out->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(from->port)};
  memcpy(&out->v4.sin_addr, from->ip, 4);
  return sizeof out->v4;
}

static void from_system(const address *from, sip_sockaddr *out) {
  *out = (sip_sockaddr){0};
  if (from->any.sa_family == AF_INET6) {
    out->family = 6;
    out->port = ntohs(from->v6.sin6_port);
    out->scope = from->v6.sin6_scope_id;
    memcpy(out->ip, &from->v6.sin6_addr, 16);
  } else {
    out->family = 4;
    out->port = ntohs(from->v4.sin_port);
    memcpy(out->ip, &from->v4.sin_addr, 4);
  }
}

/* A descriptor, or a negative system error. */
static int open_one(const sip_sockaddr *local, bool shares) {
  int domain = local->family == 6 ? AF_INET6 : AF_INET, on = 1, field = DSCP_EXPEDITED;
  int fd = socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (domain == AF_INET6) {
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &field, sizeof field);
  } else {
    setsockopt(fd, IPPROTO_IP, IP_TOS, &field, sizeof field);
  }
  if (shares) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  address to;
  socklen_t len = to_system(local, &to);
  if (bind(fd, &to.any, len) == 0) return fd;
  int error = -errno;
  close(fd);
  return error;
}

static int open_all(media_socket *socket, const sip_sockaddr *local) {
  sip_sockaddr above = *local;
  int on = 1;
  above.port = (uint16_t)(above.port + 1);
  socket->fds[MEDIA_SOCKET_RTP] = open_one(local, false);
  if (socket->fds[MEDIA_SOCKET_RTP] < 0) return socket->fds[MEDIA_SOCKET_RTP];
  setsockopt(socket->fds[MEDIA_SOCKET_RTP], SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  socket->fds[MEDIA_SOCKET_RTCP] = open_one(&above, false);
  if (socket->fds[MEDIA_SOCKET_RTCP] < 0) {
    close(socket->fds[MEDIA_SOCKET_RTP]);
    return socket->fds[MEDIA_SOCKET_RTCP];
  }
  socket->fds[MEDIA_SOCKET_PEER] = -1;
  socket->steady = (uint8_t)(STEADY_PACKETS + local->port / 2 % STEADY_SPREAD);
  return 0;
}

int media_socket_open(media_socket *socket, sip_sockaddr *local, media_ports *ports) {
  if (local->port != 0) return open_all(socket, local);
  for (uint32_t tries = media_ports_count(ports); tries > 0; tries--) {
    local->port = media_ports_take(ports);
    int error = open_all(socket, local);
    if (error != -EADDRINUSE) return error;
  }
  return SIP_E_LIMIT;
}

void media_socket_close(media_socket *socket) {
  for (int i = 0; i < MEDIA_SOCKETS; i++) {
    if (socket->fds[i] >= 0) close(socket->fds[i]);
  }
}

/* From now on the third socket is the peer's, when there is room for one more. */
static bool connect_to(media_socket *socket) {
  int *fd = &socket->fds[MEDIA_SOCKET_PEER];
  address to;
  socklen_t len = to_system(&socket->peer, &to);
  if (*fd < 0) *fd = open_one(&socket->session->local, true);
  socket->is_pure = false;
  socket->is_connected = *fd >= 0 && connect(*fd, &to.any, len) == 0;
  return socket->is_connected;
}

/* Whom RTP goes to; true when a socket has just been connected to that. */
bool media_socket_note(media_socket *socket, const sip_sockaddr *to) {
  if (!sip_sockaddr_equal(&socket->peer, to)) {
    socket->peer = *to;
    socket->sent = 0;
    socket->is_connected = socket->is_pure = false;
    return false;
  }
  if (socket->sent >= socket->steady) return false;
  return ++socket->sent == socket->steady && connect_to(socket);
}

bool media_socket_resend(const media_socket *socket, const uint8_t *bytes, size_t len) {
  return send(socket->fds[MEDIA_SOCKET_PEER], bytes, len, MSG_NOSIGNAL) >= 0;
}

/* The error of an earlier packet comes with a later one, which is then sent again. */
static bool send_connected(const media_socket *socket, const media_datagram *datagram) {
  return media_socket_resend(socket, datagram->bytes, datagram->len) ||
         media_socket_resend(socket, datagram->bytes, datagram->len);
}

bool media_socket_send(const media_socket *socket, const media_datagram *datagram) {
  if (socket->is_connected && !datagram->is_rtcp) {
    return send_connected(socket, datagram);
  }
  if (datagram->address.family != datagram->session->local.family) return false;
  address to;
  socklen_t len = to_system(&datagram->address, &to);
  int fd = socket->fds[datagram->is_rtcp ? MEDIA_SOCKET_RTCP : MEDIA_SOCKET_RTP];
  ssize_t sent;
  do {
    sent = sendto(fd, datagram->bytes, datagram->len, MSG_NOSIGNAL, &to.any, len);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

/* Bytes of a datagram; 0: only errors so far; less: nothing waits. `from` is NULL when that
 * is known. */
static ssize_t receive(int fd, uint8_t *room, address *from) {
  for (int i = 0; i < RECEIVE_TRIES; i++) {
    socklen_t len = sizeof *from;
    ssize_t got =
        recvfrom(fd, room, MEDIA_DATAGRAM_MAX, 0, from ? &from->any : NULL, from ? &len : NULL);
    if (got > 0 || (got < 0 && errno == EAGAIN)) return got;
  }
  return 0;
}

bool media_socket_receive(media_socket *socket, size_t which, uint8_t room[MEDIA_DATAGRAM_MAX],
                          media_datagram *out) {
  bool is_peer = which == MEDIA_SOCKET_PEER, is_known = is_peer && socket->is_pure;
  address from = {0};
  ssize_t len = receive(socket->fds[which], room, is_known ? NULL : &from);
  if (is_peer && len < 0) socket->is_pure = socket->is_connected;
  if (len <= 0) return false;
  *out = (media_datagram){.session = socket->session,
                          .is_rtcp = which == MEDIA_SOCKET_RTCP,
                          .bytes = room,
                          .len = (size_t)len};
  if (is_known) {
    out->address = socket->peer;
  } else {
    from_system(&from, &out->address);
  }
  return true;
}
