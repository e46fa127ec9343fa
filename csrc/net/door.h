/* SPDX-License-Identifier: MIT
 *
 * Whom the WebSockets of a listener let in, and who answers the others, in memory of its
 * own.
 */
#ifndef MOONSIP_NET_DOOR_H
#define MOONSIP_NET_DOOR_H

#include "net/http.h"
#include "web/upgrade.h"

typedef struct net_door {
  web_door door;
  net_http_host http; /* `asked` NULL: nobody answers what asks for no WebSocket */
  size_t size;        /* of the block, which has all texts in it */
} net_door;

/* NULL without memory. */
net_door *net_door_new(sip_alloc *alloc, const net_listen_options *options);
void net_door_free(sip_alloc *alloc, net_door *door); /* NULL is fine */

#endif
