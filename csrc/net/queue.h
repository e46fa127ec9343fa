/* SPDX-License-Identifier: MIT
 *
 * Packets that wait for a stream to take them. Each is charged for its bytes
 * and for its entry, so that many small ones are bounded too.
 */
#ifndef MOONSIP_NET_QUEUE_H
#define MOONSIP_NET_QUEUE_H

#include <sys/uio.h>

#include "base/list.h"
#include "sip/engine.h"

typedef struct net_queued {
  sip_link link;
  sip_outgoing out;
} net_queued;

/* Entries that lie ready, so that in the steady state none is allocated. */
typedef struct net_queue_pool {
  sip_alloc *alloc;
  sip_link spare;
  size_t spare_count;
} net_queue_pool;

typedef struct net_queue {
  sip_link entries;
  size_t charge;  /* what counts against the limit */
  size_t written; /* bytes of the first entry that are gone already */
} net_queue;

void net_queue_pool_init(net_queue_pool *pool, sip_alloc *alloc);
void net_queue_pool_deinit(net_queue_pool *pool);

void net_queue_init(net_queue *queue);
static inline bool net_queue_is_empty(const net_queue *queue) {
  return sip_link_alone(&queue->entries);
}

size_t net_queue_charge_of(const sip_packet *packet);

/* Takes over the reference to the packet; SIP_E_MEMORY leaves it. */
int net_queue_add(net_queue *queue, net_queue_pool *pool, const sip_outgoing *out);

/* The first unwritten bytes as at most `max` parts; returns how many. */
int net_queue_gather(const net_queue *queue, struct iovec *parts, int max);
/* That many bytes are written. Returns how many packets that completed. */
size_t net_queue_consume(net_queue *queue, net_queue_pool *pool, size_t len);

/* Takes the first packet out, written or not; false when there is none. The
 * caller releases it. */
bool net_queue_take(net_queue *queue, net_queue_pool *pool, sip_outgoing *out);

#endif
