/* SPDX-License-Identifier: MIT
 *
 * A connection over TCP or TLS that is the program's own: bytes both ways, and nothing of SIP.
 * Nothing is queued for it. What the system does not take stays the caller's, and what the
 * caller cannot take stays the peer's: the bounds are the ends'.
 */
#ifndef MOONSIP_NET_CHANNEL_H
#define MOONSIP_NET_CHANNEL_H

#include "base/slots.h"
#include "net/loop.h"
#include "net/tls.h"

typedef enum net_channel_event {
  NET_CHANNEL_OPENED,
  NET_CHANNEL_RECEIVED, /* `bytes`, valid during the call */
  NET_CHANNEL_WRITABLE, /* after a write that was cut short */
  NET_CHANNEL_FINISHED, /* the peer sends no more; we still may */
  NET_CHANNEL_FAILED    /* with `error`; it is closed already */
} net_channel_event;

typedef struct net_channel_news {
  sip_id id;
  net_channel_event event;
  sip_str bytes;
  int error;
} net_channel_news;

/* Within a turn, and never from inside the functions below. */
typedef void (*net_channel_fn)(void *context, const net_channel_news *news);

typedef struct net_channel_opening {
  sip_sockaddr remote;
  uint32_t patience_ms; /* what is sent and not acknowledged for so long fails it; 0: the
                           system's */
  uint32_t send_buffer; /* bytes that the system keeps for a peer that reads slowly; 0: its own */
  net_tls *tls;         /* NULL: in the clear. It is kept */
  sip_str name;         /* the domain that the peer proves; copied */
  net_channel_fn tell;
  void *context;
} net_channel_opening;

enum { NET_CHANNEL_NAME_MAX = 255 };

/* Begins to connect. SIP_E_LIMIT past max_connections of them, SIP_E_MEMORY, SIP_E_INVALID
 * for a name that is too long, or a system error; there will be no call then. */
int net_channel_open(net_loop *loop, const net_channel_opening *opening, sip_id *id);

/* How many bytes were taken, or an error; SIP_E_GONE when it is closed. */
ssize_t net_channel_write(net_loop *loop, sip_id id, sip_str bytes);

/* Reads nothing until it is let go again: the peer has to wait. */
int net_channel_hold(net_loop *loop, sip_id id, bool is_held);

/* No more bytes follow from us; the peer's are still read. SIP_E_GONE. */
int net_channel_finish(net_loop *loop, sip_id id);

/* What was written is still sent, unless the peer's bytes lie unread. Closing one that is closed is
 * fine. */
void net_channel_close(net_loop *loop, sip_id id);
void net_channel_close_all(net_loop *loop);

#endif
