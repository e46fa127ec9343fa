/* SPDX-License-Identifier: MIT
 *
 * Sockets that never block. They are not connected: what a stranger sends is to be seen
 * and counted, and an ICMP error is not to end anything.
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
  RECEIVE_TRIES = 4         /* errors of earlier packets in a row */
};

typedef union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} address;

static socklen_t to_system(const sip_sockaddr *from, address *out) {
  if (from->family == 6) {
    out->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                    .sin6_port = htons(from->port),
                                    .sin6_scope_id = from->scope};
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
static int open_one(const sip_sockaddr *local) {
  int domain = local->family == 6 ? AF_INET6 : AF_INET, on = 1, field = DSCP_EXPEDITED;
  int fd = socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (domain == AF_INET6) {
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &field, sizeof field);
  } else {
    setsockopt(fd, IPPROTO_IP, IP_TOS, &field, sizeof field);
  }
  address to;
  socklen_t len = to_system(local, &to);
  if (bind(fd, &to.any, len) == 0) return fd;
  int error = -errno;
  close(fd);
  return error;
}

static int open_pair(media_socket *socket, const sip_sockaddr *local) {
  sip_sockaddr above = *local;
  above.port = (uint16_t)(above.port + 1);
  int rtp = open_one(local);
  if (rtp < 0) return rtp;
  int rtcp = open_one(&above);
  if (rtcp < 0) {
    close(rtp);
    return rtcp;
  }
  socket->fds[0] = rtp;
  socket->fds[1] = rtcp;
  return 0;
}

int media_socket_open(media_socket *socket, sip_sockaddr *local, media_ports *ports) {
  if (local->port != 0) return open_pair(socket, local);
  for (uint32_t tries = media_ports_count(ports); tries > 0; tries--) {
    local->port = media_ports_take(ports);
    int error = open_pair(socket, local);
    if (error != -EADDRINUSE) return error;
  }
  return SIP_E_LIMIT;
}

void media_socket_close(media_socket *socket) {
  close(socket->fds[0]);
  close(socket->fds[1]);
}

bool media_socket_send(const media_socket *socket, const media_datagram *datagram) {
  address to;
  if (datagram->address.family != datagram->session->local.family) return false;
  socklen_t len = to_system(&datagram->address, &to);
  int fd = socket->fds[datagram->is_rtcp];
  ssize_t sent;
  do {
    sent = sendto(fd, datagram->bytes, datagram->len, MSG_NOSIGNAL, &to.any, len);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

size_t media_socket_receive(int fd, uint8_t *bytes, size_t room, sip_sockaddr *from) {
  address source;
  for (int i = 0; i < RECEIVE_TRIES; i++) {
    socklen_t len = sizeof source;
    ssize_t got = recvfrom(fd, bytes, room, 0, &source.any, &len);
    if (got > 0) {
      from_system(&source, from);
      return (size_t)got;
    }
    if (got < 0 && errno == EAGAIN) return 0;
  }
  return 0;
}
