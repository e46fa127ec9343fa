/* SPDX-License-Identifier: MIT
 *
 * Between the core's addresses and the system's.
 */
#ifndef MOONSIP_NET_ADDRESS_H
#define MOONSIP_NET_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/sockaddr.h"

typedef union net_address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} net_address;

/* Returns the length of what was written. */
socklen_t net_address_from(net_address *out, const sip_sockaddr *from);

/* family 0 when it is neither IPv4 nor IPv6. */
void net_address_to(sip_sockaddr *out, const net_address *from);

#endif
