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
#include "media/lookahead.h"

enum {
  BATCH = 64,       /* sockets of one system call */
  BATCHES = 64,     /* in a row at most */
  SOCKET_TAGS = 4,  /* in the lowest bits of a pointer to sockets */
  LOOK_MAX = 64,    /* packets of a socket received at once */
  LEARN_LOOKS = 16, /* between two that take all there is */
};

int media_poll_init(media_poll *poll, media_world *world, media_lateness *lateness) {
  *poll = (media_poll){.fd = epoll_create1(EPOLL_CLOEXEC),
                       .world = world,
                       .watches_all = true,
                       .lateness = lateness};
  return poll->fd >= 0 ? 0 : -errno;
}

void media_poll_batch(media_poll *poll, sip_alloc *alloc) {
  poll->alloc = alloc;
  poll->batch = media_batch_new(alloc);
}

void media_poll_deinit(media_poll *poll) {
  if (poll->fd >= 0) close(poll->fd);
  media_batch_free(poll->alloc, poll->batch);
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
  if (socket->is_queued) media_poll_flush(poll);
  for (size_t i = 0; i < MEDIA_SOCKETS; i++) {
    if (socket->fds[i] >= 0) unwatch(poll, socket, i);
  }
}

/* --- Sending ----------------------------------------------------------------------- */

/* How far from its time a packet went out. */
static void note(media_poll *poll, media_socket *socket) {
  const media_session *session = socket->session;
  if (session->relay.is_on || !session->settings) return;
  rtp_time wanted = MEDIA_FRAME_NS * session->settings->frames;
  rtp_time off = poll->now - socket->sent_at - wanted;
  bool is_next = socket->sent_at != 0 && off < wanted * MEDIA_BURST_FRAMES;
  socket->sent_at = poll->now;
  if (is_next) media_lateness_add(poll->lateness, off);
}

/* One that failed took the error of an earlier one with it, and is sent again. */
static void settle_sent(media_poll *poll, const media_batch_packet *packet) {
  media_socket *socket = packet->socket;
  socket->is_queued = false;
  if (packet->result >= 0 || media_socket_resend(socket, packet->bytes, packet->len)) {
    note(poll, socket);
  } else {
    media_world_unsent(poll->world, socket->session);
  }
}

static void settle_received(const media_batch_packet *packet) {
  media_socket *socket = packet->socket;
  socket->is_behind = packet->result <= 0;
  socket->got = packet->bytes;
  socket->got_len = packet->result > 0 ? (uint16_t)packet->result : 0;
}

void media_poll_flush(media_poll *poll) {
  uint32_t count = 0;
  const media_batch_packet *packets = poll->batch ? media_batch_submit(poll->batch, &count) : NULL;
  if (count > 0) poll->now = media_clock_now();
  for (uint32_t i = 0; i < count; i++) {
    if (packets[i].is_sent) {
      settle_sent(poll, &packets[i]);
    } else {
      settle_received(&packets[i]);
    }
  }
}

/* Waits for the next flush. */
static bool queue(media_poll *poll, const media_datagram *datagram) {
  media_socket *socket = datagram->session->socket;
  if (!poll->batch || poll->watches_all || datagram->is_rtcp || !socket->is_connected) return false;
  bool fits = media_batch_send(poll->batch, socket, datagram->bytes, datagram->len);
  if (!fits) {
    media_poll_flush(poll);
    fits = media_batch_send(poll->batch, socket, datagram->bytes, datagram->len);
  }
  if (fits) socket->is_queued = true;
  return fits;
}

bool media_poll_send(media_poll *poll, const media_datagram *datagram) {
  media_socket *socket = datagram->session->socket;
  if (!datagram->is_rtcp && media_socket_note(socket, &datagram->address)) {
    watch(poll, socket, MEDIA_SOCKET_PEER);
    socket->is_watched = true;
  }
  if (queue(poll, datagram)) return true;
  if (socket->is_queued) media_poll_flush(poll);
  if (!media_socket_send(socket, datagram)) return false;
  if (datagram->is_rtcp) return true;
  poll->now = media_clock_now();
  note(poll, socket);
  return true;
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
static bool takes_all(const media_socket *socket) {
  return socket->is_behind || socket->looks % LEARN_LOOKS == 0;
}

static void look(media_poll *poll, media_socket *socket) {
  bool is_all = takes_all(socket);
  uint8_t found = 0, most = is_all ? LOOK_MAX : socket->usual;
  while (found < most && receive(poll, socket, MEDIA_SOCKET_PEER, poll->now)) found++;
  if (is_all) socket->usual = found > 0 ? found : 1;
  socket->is_behind = found < socket->usual;
}

/* Who listens, or relays, wants packets as they come. */
static bool wants_watch(const media_poll *poll, const media_session *session) {
  return poll->watches_all || session->is_listening || session->peer;
}

/* One packet, and from nobody else. */
static bool suits_batch(const media_poll *poll, const media_session *session) {
  const media_socket *socket = session->socket;
  bool is_steady = socket->is_connected && socket->is_pure && socket->usual == 1;
  if (!is_steady || socket->is_watched || takes_all(socket)) return false;
  return !wants_watch(poll, session);
}

/* Those of this session and the next ones of its bucket, whose frames are due as well. */
static void ask(media_poll *poll, const media_session *session) {
  const sip_link *bucket = &poll->world->buckets[session->party.phase];
  for (const sip_link *link = &session->party.tick; link != bucket; link = link->next) {
    const media_session *next = media_session_of(SIP_CONTAINER(link, media_party, tick));
    media_fetch_sockets(bucket, link);
    if (!next) continue;
    if (suits_batch(poll, next)) {
      media_socket *socket = next->socket;
      socket->is_asked = media_batch_receive(poll->batch, socket);
      if (!socket->is_asked) break;
    }
    poll->asked_for++;
  }
  media_poll_flush(poll);
}

static void give(media_poll *poll, media_socket *socket) {
  media_datagram datagram = {.session = socket->session,
                             .address = socket->peer,
                             .bytes = socket->got,
                             .len = socket->got_len};
  socket->got_len = 0;
  media_world_receive(poll->world, poll->now, &datagram);
}

void media_poll_due(media_poll *poll, const media_session *session) {
  media_socket *socket = session->socket;
  rtp_time due_at = poll->world->now;
  if (poll->batch && !poll->watches_all && poll->asked_for == 0) ask(poll, session);
  if (poll->asked_for > 0) poll->asked_for--;
  if (!socket->is_connected) return;
  bool watches = wants_watch(poll, session);
  if (watches && !socket->is_watched) watch(poll, socket, MEDIA_SOCKET_PEER);
  if (!watches && socket->is_watched) unwatch(poll, socket, MEDIA_SOCKET_PEER);
  socket->is_watched = watches;
  if (watches) return;
  if (!socket->is_asked) look(poll, socket);
  if (socket->got_len > 0) give(poll, socket);
  socket->is_asked = false;
  socket->looks++;
  poll->world->now = due_at;
}
