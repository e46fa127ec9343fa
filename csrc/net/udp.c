/* SPDX-License-Identifier: MIT
 *
 * recvmmsg in, sendmmsg out, on a socket that libuv only polls. On a wildcard
 * listener the packet information says which local address a datagram reached,
 * and makes the reply leave from there (RFC 3261 18.2.2 wants what the peer
 * sent to; NATs and connected sockets accept nothing else).
 */
#include "net/udp.h"

#include <errno.h>
#include <sys/uio.h>

#include "base/error.h"
#include "net/outbox.h"
#include "net/socket.h"

enum {
  SOCKET_BUFFER = 4 << 20,     /* bytes: a burst of some thousand messages survives a slow turn */
  DATAGRAM_SIZE = 65536,       /* above the largest there is, so none is ever cut */
  STRIDE = DATAGRAM_SIZE + 192 /* so that starts spread over the sets of the cache */
};

typedef struct net_inbox {
  struct mmsghdr messages[NET_UDP_BATCH];
  struct iovec parts[NET_UDP_BATCH];
  net_address names[NET_UDP_BATCH];
  net_control controls[NET_UDP_BATCH];
  char bytes[(size_t)NET_UDP_BATCH * STRIDE]; /* pages the system touches only as they fill */
} net_inbox;

int net_udp_open(const sip_sockaddr *local) {
  int fd = net_socket_open(local->family, SOCK_DGRAM);
  if (fd < 0) return fd;
  bool is_v6 = local->family == 6;
  int level = is_v6 ? IPPROTO_IPV6 : IPPROTO_IP;
  net_socket_set(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER);
  net_socket_set(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER);
  net_socket_set(fd, SOL_SOCKET, SO_RCVBUFFORCE,
                 SOCKET_BUFFER); /* past the system's cap, if we may */
  net_socket_set(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUFFER);
  net_socket_set(fd, level, is_v6 ? IPV6_RECVERR : IP_RECVERR, 1);
  if (sip_sockaddr_is_any(local)) {
    net_socket_set(fd, level, is_v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, 1);
  }
  int error = net_socket_bind(fd, local);
  if (!error) return fd;
  net_socket_close(fd);
  return error;
}

static net_inbox *new_inbox(net_loop *loop) {
  net_inbox *inbox = sip_alloc_new(&loop->alloc, sizeof *inbox);
  if (!inbox) return NULL;
  for (size_t i = 0; i < NET_UDP_BATCH; i++) {
    inbox->parts[i] = (struct iovec){inbox->bytes + i * STRIDE, DATAGRAM_SIZE};
    inbox->messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &inbox->names[i],
                                                      .msg_namelen = sizeof inbox->names[i],
                                                      .msg_iov = &inbox->parts[i],
                                                      .msg_iovlen = 1,
                                                      .msg_control = &inbox->controls[i],
                                                      .msg_controllen = NET_UDP_CONTROL_SIZE}};
  }
  return inbox;
}

void net_udp_free_inbox(net_loop *loop) {
  sip_alloc_free(&loop->alloc, loop->inbox, sizeof *loop->inbox);
  loop->inbox = NULL;
}

int net_udp_init(net_listener *listener) {
  net_loop *loop = listener->owner->loop;
  if (!loop->inbox) loop->inbox = new_inbox(loop);
  if (!loop->inbox) return SIP_E_MEMORY;
  net_outbox *box = sip_alloc_zero(&loop->alloc, sizeof *box);
  if (!box) return SIP_E_MEMORY;
  for (size_t i = 0; i < NET_UDP_BATCH; i++) {
    box->messages[i].msg_hdr =
        (struct msghdr){.msg_name = &box->names[i], .msg_iov = &box->parts[i], .msg_iovlen = 1};
  }
  listener->outbox = box;
  return 0;
}

void net_udp_deinit(net_listener *listener) {
  net_outbox *box = listener->outbox;
  if (!box) return;
  for (size_t i = box->first; i < box->count; i++) sip_packet_release(box->waiting[i].packet);
  sip_alloc_free(&listener->owner->loop->alloc, box, sizeof *box);
  listener->outbox = NULL;
}

/* --- In --------------------------------------------------------------------- */

/* The address the datagram reached, which a wildcard listener learns from the
 * packet information. */
static void find_local(const net_listener *listener, struct msghdr *header, sip_sockaddr *out) {
  *out = listener->local;
  if (!listener->is_any) return;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      const struct in_pktinfo *info = (const void *)CMSG_DATA(c);
      /* Not ipi_addr: for a broadcast that is an address one cannot send from. */
      memcpy(out->ip, &info->ipi_spec_dst, sizeof info->ipi_spec_dst);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      const struct in6_pktinfo *info = (const void *)CMSG_DATA(c);
      memcpy(out->ip, &info->ipi6_addr, sizeof info->ipi6_addr);
      if (IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr)) out->scope = info->ipi6_ifindex;
    }
  }
}

static void receive(net_listener *listener, struct mmsghdr *message, sip_time now) {
  net_loop *loop = listener->owner->loop;
  struct msghdr *header = &message->msg_hdr;
  sip_flow flow = {.listener = listener->number, .transport = SIP_TRANSPORT_UDP};
  net_address_to(&flow.remote, header->msg_name);
  find_local(listener, header, &flow.local);
  loop->counts.datagrams_in++;
  loop->counts.bytes_in += message->msg_len;
  sip_engine_receive(listener->owner->engine, now, &flow,
                     sip_str_make(header->msg_iov->iov_base, message->msg_len));
  header->msg_namelen = sizeof(net_address);
  header->msg_controllen = NET_UDP_CONTROL_SIZE;
}

/* One batch: the engines and the script get their turn before the next. */
static void receive_batch(net_listener *listener) {
  net_inbox *inbox = listener->owner->loop->inbox;
  int got = recvmmsg(listener->fd, inbox->messages, NET_UDP_BATCH, MSG_DONTWAIT, NULL);
  if (got <= 0) return;
  listener->is_full = got == NET_UDP_BATCH;
  net_turn_began(listener->owner->loop);
  sip_time now = net_loop_now(listener->owner->loop);
  for (int i = 0; i < got; i++) receive(listener, &inbox->messages[i], now);
}

static void on_ready(uv_poll_t *poll, int status, int events) {
  net_listener *listener = SIP_CONTAINER(poll, net_listener, poll);
  if (status < 0) { /* an error is queued, and libuv has stopped polling for that */
    net_icmp_drain(listener);
    net_udp_start(listener);
  }
  if (status >= 0 && events & UV_WRITABLE) {
    net_udp_flush(listener);
    net_udp_start(listener);
  }
  if (status < 0 || events & UV_READABLE) receive_batch(listener);
}

void net_udp_start(net_listener *listener) {
  bool is_blocked = listener->outbox->count > 0;
  uv_poll_start(&listener->poll, UV_READABLE | (is_blocked ? UV_WRITABLE : 0), on_ready);
}

/* --- Out -------------------------------------------------------------------- */

/* Makes the datagram leave from that address (RFC 3542 6.2; ip(7) IP_PKTINFO). */
static void set_source(struct msghdr *header, net_control *control, const sip_sockaddr *local) {
  *control = (net_control){0};
  header->msg_control = control;
  header->msg_controllen = NET_UDP_CONTROL_SIZE;
  struct cmsghdr *c = CMSG_FIRSTHDR(header);
  if (local->family == 4) {
    struct in_pktinfo *info = (void *)CMSG_DATA(c);
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof *info);
    memcpy(&info->ipi_spec_dst, local->ip, sizeof info->ipi_spec_dst);
    header->msg_controllen = CMSG_SPACE(sizeof *info);
  } else {
    struct in6_pktinfo *info = (void *)CMSG_DATA(c);
    c->cmsg_level = IPPROTO_IPV6;
    c->cmsg_type = IPV6_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof *info);
    memcpy(&info->ipi6_addr, local->ip, sizeof info->ipi6_addr);
    info->ipi6_ifindex = local->scope;
    header->msg_controllen = CMSG_SPACE(sizeof *info);
  }
}

void net_udp_send(net_listener *listener, const sip_outgoing *out) {
  net_outbox *box = listener->outbox;
  const sip_sockaddr *local = &out->flow.local;
  if (out->flow.remote.family != listener->local.family) {
    net_report_failure(listener->owner, out->owner, UV_EAFNOSUPPORT);
    sip_packet_release(out->packet);
    return;
  }
  if (box->count == NET_UDP_BATCH) net_udp_flush(listener);
  if (box->count == NET_UDP_BATCH) { /* the system takes none: lost, as on any wire */
    listener->owner->loop->counts.dropped++;
    sip_packet_release(out->packet);
    return;
  }
  size_t at = box->count++;
  struct msghdr *header = &box->messages[at].msg_hdr;
  box->waiting[at] = *out;
  box->parts[at] = (struct iovec){out->packet->bytes, out->packet->len};
  header->msg_namelen = net_address_from(&box->names[at], &out->flow.remote);
  header->msg_control = NULL;
  header->msg_controllen = 0;
  if (listener->is_any && local->family == listener->local.family && !sip_sockaddr_is_any(local)) {
    set_source(header, &box->controls[at], local);
  }
}

/* The system has taken the first `count` that wait. */
static void settle(net_listener *listener, size_t count) {
  net_outbox *box = listener->outbox;
  net_counts *counts = &listener->owner->loop->counts;
  for (; count > 0; count--, box->first++) {
    const sip_outgoing *out = &box->waiting[box->first];
    counts->datagrams_out++;
    counts->bytes_out += out->packet->len;
    if (out->owner) {
      box->sent[box->next_sent] = (net_sent){out->owner, out->flow.remote};
      box->next_sent = (box->next_sent + 1) % NET_UDP_SENT;
    }
    sip_packet_release(out->packet);
  }
}

/* The first that waits cannot be sent. */
static void fail_first(net_listener *listener, int error) {
  const sip_outgoing *out = &listener->outbox->waiting[listener->outbox->first++];
  if (error == ENOBUFS) { /* a full queue below us, which IP_RECVERR reports: lost, not failed */
    listener->owner->loop->counts.dropped++;
  } else {
    net_report_failure(listener->owner, out->owner, -error);
  }
  sip_packet_release(out->packet);
}

void net_udp_flush(net_listener *listener) {
  net_outbox *box = listener->outbox;
  if (box->count == 0) return;
  bool was_told = false; /* of an error that may be an older datagram's */
  while (box->first < box->count) {
    int sent = sendmmsg(listener->fd, box->messages + box->first,
                        (unsigned)(box->count - box->first), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      settle(listener, (size_t)sent);
      was_told = false;
    } else if (errno == EAGAIN) {
      net_udp_start(listener); /* goes on when there is room */
      return;
    } else if (errno != EINTR && was_told) {
      fail_first(listener, errno);
      was_told = false;
    } else if (errno != EINTR) {
      net_icmp_drain(listener);
      was_told = true;
    }
  }
  box->first = box->count = 0;
}
