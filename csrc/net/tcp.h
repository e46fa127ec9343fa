/* SPDX-License-Identifier: MIT
 *
 * Where TCP connections come from: accepted, or opened to a target.
 */
#ifndef MOONSIP_NET_TCP_H
#define MOONSIP_NET_TCP_H

#include "net/address.h"
#include "net/connection.h"
#include "net/listener.h"

/* A listening descriptor, or a negative system error. */
int net_tcp_open(const sip_sockaddr *local);
/* The same that does not listen: whoever connects to its port is refused. */
int net_tcp_reserve(const sip_sockaddr *local);
void net_tcp_start(net_listener *listener);

/* The next connection that waits at a listening descriptor, or a negative system error:
 * -EAGAIN when there is none for now; with any other, accepting has to rest for a while. */
int net_tcp_accept(int fd, net_address *remote);

/* Starts a connection to flow->remote, from the listener's address unless that is a
 * wildcard; over TLS, with that peer. NULL with the reason in *error. */
net_connection *net_tcp_connect(net_engine *attached, const sip_flow *flow, sip_str peer,
                                int *error);

/* The listener's timer has fired: accepting starts again. */
void net_tcp_resume(sip_timer *timer);

#endif
