/* SPDX-License-Identifier: MIT
 *
 * A network of memory for media: addresses, links that lose, delay and reorder by a
 * seed, and packets under way. Each arrives at a millisecond after it was sent.
 */
#ifndef MOONSIP_MEDIA_WIRE_H
#define MOONSIP_MEDIA_WIRE_H

#include "base/map.h"
#include "base/pool.h"
#include "media/ports.h"
#include "media/world.h"

enum { MEDIA_WIRE_MS = 1024 /* the longest that a packet is under way; a power of two */ };

/* How packets fare from one IP to another; shares of 1, and milliseconds. */
typedef struct media_link {
  double loss, duplicate, reorder;
  uint32_t delay_ms, jitter_ms;
} media_link;

typedef struct media_wire {
  sip_alloc *alloc;
  media_ports ports;
  uint64_t dice;
  sip_hash_key key;
  sip_map addresses;   /* sessions by their RTP address */
  sip_map links;       /* by both IPs */
  uint64_t changes;    /* of links */
  uint64_t departures; /* of addresses */
  sip_link all_links;
  media_link link;     /* of those that have none of their own */
  uint32_t slowest_ms; /* of all links */
  sip_pool pool;
  sip_alloc packet_alloc;
  sip_link under_way[MEDIA_WIRE_MS]; /* by the millisecond they arrive */
  size_t packets;                    /* of them */
  uint64_t digest;
  /* Each packet as it is sent; NULL: nobody looks. */
  void (*tap)(void *context, const sip_sockaddr *from, const media_datagram *datagram, bool lost);
  void *tap_context;
} media_wire;

/* 0 or SIP_E_MEMORY. */
int media_wire_init(media_wire *wire, sip_alloc *alloc, uint64_t seed);
/* The sessions must have been released. */
void media_wire_deinit(media_wire *wire);

/* As a backend's (media/control.h). */
int media_wire_bind(media_wire *wire, media_session *session);
void media_wire_release(media_wire *wire, media_session *session);

/* NULL for `from` or `to`: any. 0 or SIP_E_MEMORY. */
int media_wire_set_link(media_wire *wire, const sip_sockaddr *from, const sip_sockaddr *to,
                        const media_link *link);

/* The session is about to send: what that will need is on its way into the cache. */
void media_wire_look_ahead(const media_session *session);
/* Times are ms. False without memory. */
bool media_wire_send(media_wire *wire, int64_t now_ms, const media_datagram *datagram);
/* A datagram by hand; SIP_E_NO_ROUTE when nobody is there, SIP_E_MEMORY. */
int media_wire_inject(media_wire *wire, int64_t now_ms, const sip_sockaddr *from,
                      const media_datagram *datagram);
/* What arrives at that millisecond. */
void media_wire_deliver(media_wire *wire, int64_t now_ms, media_world *world);

#endif
