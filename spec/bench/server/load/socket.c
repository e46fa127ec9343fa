/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { BUFFER_SIZE = 8 << 20 };

typedef struct batch {
  struct mmsghdr messages[SOCKET_BATCH];
  struct iovec parts[SOCKET_BATCH];
  char bytes[SOCKET_BATCH][SOCKET_DATAGRAM_MAX];
} batch;

struct load_socket {
  int fd;
  uint16_t port;
  unsigned queued;
  batch out, in;
};

static void require(bool holds, const char *what) {
  if (holds) return;
  perror(what);
  exit(EXIT_FAILURE);
}

static void init_batch(batch *b) {
  for (size_t i = 0; i < SOCKET_BATCH; i++) {
    b->parts[i] = (struct iovec){b->bytes[i], SOCKET_DATAGRAM_MAX - 1};
    b->messages[i].msg_hdr = (struct msghdr){.msg_iov = &b->parts[i], .msg_iovlen = 1};
  }
}

load_socket *socket_open(uint16_t server_port) {
  load_socket *s = calloc(1, sizeof *s);
  require(s != NULL, "memory");
  init_batch(&s->out);
  init_batch(&s->in);
  s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  require(s->fd >= 0, "socket");
  int size = BUFFER_SIZE; /* past the system's cap where we may */
  setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof address;
  require(bind(s->fd, (struct sockaddr *)&address, len) == 0, "bind");
  require(getsockname(s->fd, (struct sockaddr *)&address, &len) == 0, "getsockname");
  s->port = ntohs(address.sin_port);
  address.sin_port = htons(server_port);
  require(connect(s->fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
  return s;
}

uint16_t socket_port(const load_socket *s) {
  return s->port;
}

char *socket_room(load_socket *s) {
  if (s->queued == SOCKET_BATCH) socket_flush(s);
  return s->out.bytes[s->queued];
}

void socket_queue(load_socket *s, size_t len) {
  s->out.parts[s->queued++].iov_len = len;
}

/* What cannot be sent is lost, and the call counts as failed in the end. */
void socket_flush(load_socket *s) {
  unsigned first = 0;
  while (first < s->queued) {
    int sent = sendmmsg(s->fd, s->out.messages + first, s->queued - first, 0);
    if (sent > 0) first += (unsigned)sent;
    if (sent <= 0 && errno != EAGAIN && errno != EINTR) first++;
  }
  s->queued = 0;
}

size_t socket_receive(load_socket *s) {
  int got = recvmmsg(s->fd, s->in.messages, SOCKET_BATCH, MSG_DONTWAIT, NULL);
  if (got <= 0) return 0;
  for (int i = 0; i < got; i++) s->in.bytes[i][s->in.messages[i].msg_len] = 0;
  return (size_t)got;
}

char *socket_text(load_socket *s, size_t index) {
  return s->in.bytes[index];
}

void socket_wait(load_socket *s, int timeout_ms) {
  poll(&(struct pollfd){.fd = s->fd, .events = POLLIN}, 1, timeout_ms);
}
