/* SPDX-License-Identifier: MIT
 *
 * A list of entries out of a pool.
 */
#include "net/queue.h"

#include "base/error.h"

enum { SPARE_MAX = 256 };

void net_queue_pool_init(net_queue_pool *pool, sip_alloc *alloc) {
  pool->alloc = alloc;
  pool->spare_count = 0;
  sip_link_init(&pool->spare);
}

static net_queued *first_of(const sip_link *head) {
  return SIP_CONTAINER(head->next, net_queued, link);
}

void net_queue_pool_deinit(net_queue_pool *pool) {
  while (!sip_link_alone(&pool->spare)) {
    net_queued *entry = first_of(&pool->spare);
    sip_link_remove(&entry->link);
    sip_alloc_free(pool->alloc, entry, sizeof *entry);
  }
  pool->spare_count = 0;
}

static net_queued *new_entry(net_queue_pool *pool) {
  if (pool->spare_count == 0) return sip_alloc_new(pool->alloc, sizeof(net_queued));
  net_queued *entry = first_of(&pool->spare);
  sip_link_remove(&entry->link);
  pool->spare_count--;
  return entry;
}

static void free_entry(net_queue_pool *pool, net_queued *entry) {
  if (pool->spare_count == SPARE_MAX) {
    sip_alloc_free(pool->alloc, entry, sizeof *entry);
    return;
  }
  sip_link_append(&pool->spare, &entry->link);
  pool->spare_count++;
}

void net_queue_init(net_queue *queue) {
  *queue = (net_queue){0};
  sip_link_init(&queue->entries);
}

size_t net_queue_charge_of(const sip_packet *packet) {
  return packet->len + sizeof(net_queued);
}

int net_queue_add(net_queue *queue, net_queue_pool *pool, const sip_outgoing *out) {
  net_queued *entry = new_entry(pool);
  if (!entry) return SIP_E_MEMORY;
  entry->out = *out;
  sip_link_append(&queue->entries, &entry->link);
  queue->charge += net_queue_charge_of(out->packet);
  return 0;
}

int net_queue_gather(const net_queue *queue, struct iovec *parts, int max) {
  int count = 0;
  size_t written = queue->written;
  const sip_link *head = &queue->entries;
  for (sip_link *link = head->next; link != head && count < max; link = link->next) {
    sip_packet *packet = SIP_CONTAINER(link, net_queued, link)->out.packet;
    parts[count++] = (struct iovec){packet->bytes + written, packet->len - written};
    written = 0;
  }
  return count;
}

/* Takes the first entry out; there is one. */
static sip_outgoing take_first(net_queue *queue, net_queue_pool *pool) {
  net_queued *entry = first_of(&queue->entries);
  sip_outgoing out = entry->out;
  queue->charge -= net_queue_charge_of(out.packet);
  queue->written = 0;
  sip_link_remove(&entry->link);
  free_entry(pool, entry);
  return out;
}

bool net_queue_take(net_queue *queue, net_queue_pool *pool, sip_outgoing *out) {
  if (net_queue_is_empty(queue)) return false;
  *out = take_first(queue, pool);
  return true;
}

size_t net_queue_consume(net_queue *queue, net_queue_pool *pool, size_t len) {
  size_t done = 0;
  queue->written += len;
  while (!net_queue_is_empty(queue)) {
    size_t left = queue->written;
    size_t size = first_of(&queue->entries)->out.packet->len;
    if (left < size) break;
    sip_packet_release(take_first(queue, pool).packet);
    queue->written = left - size;
    done++;
  }
  return done;
}
