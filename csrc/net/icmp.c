/* SPDX-License-Identifier: MIT
 *
 * ICMP errors of a UDP socket. RFC 3261 18.4: unreachable hosts, networks,
 * ports and protocols and parameter problems fail the request; source quench
 * and time exceeded are ignored.
 */
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <time.h>
/* Needs struct timespec. */
#include <linux/errqueue.h>

#include "base/error.h"
#include "net/outbox.h"
#include "net/socket.h"

enum {
  CONTROL_SIZE = CMSG_SPACE(sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in6)) +
                 NET_UDP_CONTROL_SIZE
};

static bool is_fatal(const struct sock_extended_err *error) {
  if (error->ee_origin == SO_EE_ORIGIN_ICMP) {
    if (error->ee_type == ICMP_PARAMETERPROB) return true;
    return error->ee_type == ICMP_DEST_UNREACH && error->ee_code != ICMP_FRAG_NEEDED;
  }
  if (error->ee_origin == SO_EE_ORIGIN_ICMP6) {
    return error->ee_type == ICMP6_DST_UNREACH || error->ee_type == ICMP6_PARAM_PROB;
  }
  return false; /* ours: EMSGSIZE comes back from sendmmsg as well */
}

/* The error that a message of the queue carries; NULL when there is none. */
static const struct sock_extended_err *find_error(struct msghdr *message) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
    bool is_v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
    bool is_v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
    if (is_v4 || is_v6) return (const void *)CMSG_DATA(c);
  }
  return NULL;
}

static void fail_destination(net_listener *listener, const sip_sockaddr *remote, int error) {
  net_outbox *box = listener->outbox;
  for (size_t i = 0; i < NET_UDP_SENT; i++) {
    net_sent *sent = &box->sent[i];
    if (!sent->owner || !sip_sockaddr_equal(&sent->remote, remote)) continue;
    net_report_failure(listener->owner, sent->owner, error);
    sent->owner = 0;
  }
}

void net_icmp_drain(net_listener *listener) {
  net_counts *counts = &listener->owner->loop->counts;
  _Alignas(struct cmsghdr) char control[CONTROL_SIZE];
  for (;;) {
    net_address name = {0};
    struct msghdr message = {.msg_name = &name,
                             .msg_namelen = sizeof name,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    if (recvmsg(listener->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) break;
    const struct sock_extended_err *error = find_error(&message);
    if (!error || !is_fatal(error)) continue;
    sip_sockaddr remote;
    net_address_to(&remote, &name);
    counts->icmp_errors++;
    fail_destination(listener, &remote, -(int)error->ee_errno);
  }
  net_socket_take_error(listener->fd);
}
