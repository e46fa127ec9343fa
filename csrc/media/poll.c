/* SPDX-License-Identifier: MIT
 *
 * An epoll for those that are watched. A socket of the others is asked for as many packets
 * as it usually has, since asking in vain costs as much as half a packet.
 */
#include "media/poll.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "media/clock.h"

enum {
  BATCH = 64,       /* sockets of one system call */
  BATCHES = 64,     /* in a row at most */
  SOCKET_TAGS = 4,  /* in the lowest bits of a pointer to sockets */
  LOOK_MAX = 64,    /* packets of a socket received at once */
  LEARN_LOOKS = 16, /* between two that take all there is */
};

int media_poll_init(media_poll *poll, media_world *world) {
  *poll = (media_poll){.fd = epoll_create1(EPOLL_CLOEXEC), .world = world, .watches_all = true};
  return poll->fd >= 0 ? 0 : -errno;
}

void media_poll_deinit(media_poll *poll) {
  if (poll->fd >= 0) close(poll->fd);
}

/* The lowest bits of the pointer say which of its sockets. */
static void watch(media_poll *poll, media_socket *socket, size_t which) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)(uintptr_t)socket | which};
  epoll_ctl(poll->fd, EPOLL_CTL_ADD, socket->fds[which], &event);
}

static void unwatch(media_poll *poll, media_socket *socket, size_t which) {
  epoll_ctl(poll->fd, EPOLL_CTL_DEL, socket->fds[which], NULL);
}

void media_poll_open(media_poll *poll, media_socket *socket) {
  socket->looks = (uint8_t)socket->session->party.id; /* each learns at another time */
  watch(poll, socket, MEDIA_SOCKET_RTP);
  watch(poll, socket, MEDIA_SOCKET_RTCP);
}

void media_poll_close(media_poll *poll, media_socket *socket) {
  for (size_t i = 0; i < MEDIA_SOCKETS; i++) {
    if (socket->fds[i] >= 0) unwatch(poll, socket, i);
  }
}

bool media_poll_send(media_poll *poll, const media_datagram *datagram) {
  media_socket *socket = datagram->session->socket;
  if (!datagram->is_rtcp && media_socket_note(socket, &datagram->address)) {
    watch(poll, socket, MEDIA_SOCKET_PEER);
    socket->is_watched = true;
  }
  return media_socket_send(socket, datagram);
}

/* --- Receiving -------------------------------------------------------------------- */

/* True when there was one. */
static bool receive(media_poll *poll, media_socket *socket, size_t which, rtp_time now) {
  uint8_t bytes[MEDIA_DATAGRAM_MAX];
  media_datagram datagram;
  if (!media_socket_receive(socket, which, bytes, &datagram)) return false;
  media_world_receive(poll->world, now, &datagram);
  return true;
}

/* One datagram of each socket that has one, until none has, or frames are due again. */
void media_poll_receive(media_poll *poll, rtp_time until) {
  struct epoll_event events[BATCH];
  int count = BATCH;
  for (int i = 0; i < BATCHES && count == BATCH; i++) {
    count = epoll_wait(poll->fd, events, BATCH, 0);
    for (int at = 0; at < count; at++) {
      uint64_t tagged = events[at].data.u64;
      size_t which = tagged % SOCKET_TAGS;
      receive(poll, (media_socket *)(uintptr_t)(tagged - which), which, media_clock_now());
    }
    if (media_clock_now() >= until) return;
  }
}

/* As many as usual, which needs no look in vain; all when that was too few before, and
 * now and then to learn what is usual. */
static void look(media_poll *poll, media_socket *socket, rtp_time now) {
  bool takes_all = socket->is_behind || socket->looks++ % LEARN_LOOKS == 0;
  uint8_t found = 0, most = takes_all ? LOOK_MAX : socket->usual;
  while (found < most && receive(poll, socket, MEDIA_SOCKET_PEER, now)) found++;
  if (takes_all) socket->usual = found > 0 ? found : 1;
  socket->is_behind = found < socket->usual;
}

/* Who listens, or relays, wants packets as they come. */
static bool wants_watch(const media_poll *poll, const media_session *session) {
  return poll->watches_all || session->is_listening || session->peer;
}

void media_poll_due(media_poll *poll, const media_session *session, rtp_time now) {
  media_socket *socket = session->socket;
  if (!socket->is_connected) return;
  bool watches = wants_watch(poll, session);
  if (watches && !socket->is_watched) watch(poll, socket, MEDIA_SOCKET_PEER);
  if (!watches && socket->is_watched) unwatch(poll, socket, MEDIA_SOCKET_PEER);
  socket->is_watched = watches;
  if (watches) return;
  rtp_time due_at = poll->world->now;
  look(poll, socket, now);
  poll->world->now = due_at;
}
