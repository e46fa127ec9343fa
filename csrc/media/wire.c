/* SPDX-License-Identifier: MIT
 *
 * Packets lie in the list of the millisecond they arrive in, which is at least one after
 * they were sent. A link keeps its order but for the share that it reorders.
 */
#include "media/wire.h"

#include <string.h>

#include "base/error.h"
#include "media/lookahead.h"

enum {
  FIRST_PORT = 16384,
  LAST_PORT = 32767,
  REORDER_MS = 30, /* that a packet out of its order is late */
};

#define DIGEST_START UINT64_C(0xcbf29ce484222325)
#define DIGEST_PRIME UINT64_C(0x100000001b3)

typedef struct link_node {
  sip_map_node node;
  sip_link link_of_all;
  sip_sockaddr from, to; /* port 0 */
  bool has_own;
  media_link link;
  int64_t last_ms; /* arrival of the last packet that kept its order */
} link_node;

/* What was found of the way to an address. */
typedef struct route {
  sip_sockaddr to;              /* an RTP port */
  link_node *link;              /* NULL: nothing was found yet */
  const media_link *fate;       /* the settings that count, until links change */
  media_session *there;         /* who was there, until somebody leaves; NULL: nobody */
  uint64_t changes, departures; /* of the wire at that time */
} route;

typedef struct address_node {
  sip_map_node node;
  media_session *session;
  route last; /* that it sent to */
} address_node;

typedef struct flying {
  sip_link link;
  sip_sockaddr from, to;
  uint64_t departures; /* as in a route */
  media_session *there;
  size_t len;
  uint8_t bytes[];
} flying;

/* --- Addresses -------------------------------------------------------------------- */

static uint64_t address_hash(const media_wire *wire, const sip_sockaddr *address) {
  return sip_sockaddr_hash(wire->key, address);
}

/* The address of RTP that goes with one of RTCP. */
static sip_sockaddr rtp_of(const sip_sockaddr *address) {
  sip_sockaddr rtp = *address;
  rtp.port &= (uint16_t)~1u;
  return rtp;
}

/* Of an RTP port. */
static media_session *find_address(const media_wire *wire, const sip_sockaddr *address) {
  sip_map_node *node = sip_map_find(&wire->addresses, address_hash(wire, address));
  for (; node; node = sip_map_find_next(node)) {
    address_node *found = SIP_CONTAINER(node, address_node, node);
    if (sip_sockaddr_equal(&found->session->local, address)) return found->session;
  }
  return NULL;
}

int media_wire_bind(media_wire *wire, media_session *session) {
  sip_sockaddr *local = &session->local;
  bool picks = local->port == 0;
  uint32_t tries = picks ? media_ports_count(&wire->ports) : 1;
  do {
    if (tries-- == 0) return SIP_E_LIMIT;
    if (picks) local->port = media_ports_take(&wire->ports);
  } while (find_address(wire, local) && picks);
  if (local->port % 2 != 0 || find_address(wire, local)) return SIP_E_INVALID;
  address_node *node = sip_alloc_zero(wire->alloc, sizeof *node);
  if (!node) return SIP_E_MEMORY;
  node->session = session;
  session->socket = node;
  sip_map_add(&wire->addresses, &node->node, address_hash(wire, local));
  return 0;
}

void media_wire_release(media_wire *wire, media_session *session) {
  address_node *node = session->socket;
  sip_map_remove(&wire->addresses, &node->node);
  wire->departures++;
  sip_alloc_free(wire->alloc, node, sizeof *node);
}

/* --- Links ------------------------------------------------------------------------ */

static sip_sockaddr ip_of(const sip_sockaddr *address) {
  sip_sockaddr ip = *address;
  ip.port = 0;
  return ip;
}

static uint64_t link_hash(const media_wire *wire, const sip_sockaddr *from,
                          const sip_sockaddr *to) {
  return sip_sockaddr_hash(wire->key, from) * DIGEST_PRIME ^ sip_sockaddr_hash(wire->key, to);
}

static link_node *find_link(const media_wire *wire, const sip_sockaddr *from,
                            const sip_sockaddr *to) {
  sip_map_node *node = sip_map_find(&wire->links, link_hash(wire, from, to));
  for (; node; node = sip_map_find_next(node)) {
    link_node *found = SIP_CONTAINER(node, link_node, node);
    if (sip_sockaddr_equal(&found->from, from) && sip_sockaddr_equal(&found->to, to)) return found;
  }
  return NULL;
}

static link_node *need_link(media_wire *wire, const sip_sockaddr *from, const sip_sockaddr *to) {
  sip_sockaddr a = from ? ip_of(from) : (sip_sockaddr){0};
  sip_sockaddr b = to ? ip_of(to) : (sip_sockaddr){0};
  link_node *link = find_link(wire, &a, &b);
  if (link) return link;
  link = sip_alloc_zero(wire->alloc, sizeof *link);
  if (!link) return NULL;
  link->from = a;
  link->to = b;
  sip_link_init(&link->link_of_all);
  sip_link_append(&wire->all_links, &link->link_of_all);
  sip_map_add(&wire->links, &link->node, link_hash(wire, &a, &b));
  return link;
}

int media_wire_set_link(media_wire *wire, const sip_sockaddr *from, const sip_sockaddr *to,
                        const media_link *link) {
  uint32_t slowest = link->delay_ms + link->jitter_ms + REORDER_MS;
  if (slowest > wire->slowest_ms) wire->slowest_ms = slowest;
  wire->changes++;
  if (!from && !to) {
    wire->link = *link;
    return 0;
  }
  link_node *node = need_link(wire, from, to);
  if (!node) return SIP_E_MEMORY;
  node->has_own = true;
  node->link = *link;
  return 0;
}

/* The most exact that there is: both ends, one, none. */
static const media_link *link_of(const media_wire *wire, const link_node *own) {
  if (own->has_own) return &own->link;
  const sip_sockaddr any = {0};
  const link_node *half = find_link(wire, &own->from, &any);
  if (!half) half = find_link(wire, &any, &own->to);
  return half ? &half->link : &wire->link;
}

/* From a session to an address; NULL without memory. */
static const route *find_route(media_wire *wire, const media_session *session,
                               const sip_sockaddr *to) {
  route *last = &((address_node *)session->socket)->last;
  sip_sockaddr rtp = rtp_of(to);
  bool is_same = last->link && sip_sockaddr_equal(&last->to, &rtp);
  if (!is_same || last->changes != wire->changes) {
    link_node *link = need_link(wire, &session->local, to);
    if (!link) return NULL;
    last->to = rtp;
    last->link = link;
    last->fate = link_of(wire, link);
    last->changes = wire->changes;
  }
  if (!is_same || !last->there || last->departures != wire->departures) {
    last->there = find_address(wire, &rtp);
    last->departures = wire->departures;
  }
  return last;
}

void media_wire_look_ahead(const media_session *session) {
  const route *last = &((const address_node *)session->socket)->last;
  if (last->link) __builtin_prefetch(&last->link->last_ms);
}

/* --- Packets under way ------------------------------------------------------------ */

/* SplitMix64 (Steele, Lea and Flood 2014): chance that nobody has to be kept from guessing. */
static uint64_t roll(media_wire *wire) {
  uint64_t z = wire->dice += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

static bool chance(media_wire *wire, double share) {
  return share > 0 && (double)(roll(wire) >> 11) * 0x1p-53 < share;
}

static void note(media_wire *wire, int64_t now_ms, const sip_sockaddr *from,
                 const media_datagram *datagram) {
  uint64_t digest = wire->digest;
  uint64_t words[] = {(uint64_t)now_ms, from->port, datagram->address.port, datagram->len};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    digest = (digest ^ words[i]) * DIGEST_PRIME;
  }
  size_t i = 0;
  for (; i + 8 <= datagram->len; i += 8) {
    uint64_t word;
    memcpy(&word, datagram->bytes + i, sizeof word);
    digest = (digest ^ word) * DIGEST_PRIME;
    digest ^= digest >> 29;
  }
  for (; i < datagram->len; i++) digest = (digest ^ datagram->bytes[i]) * DIGEST_PRIME;
  wire->digest = digest;
}

/* A packet that arrives then; `there` is who has its address now. */
static bool put(media_wire *wire, const sip_sockaddr *from, const media_datagram *datagram,
                media_session *there, int64_t at_ms) {
  size_t size = sizeof(flying) + datagram->len;
  flying *packet = sip_alloc_new(&wire->packet_alloc, size);
  if (!packet) return false;
  packet->from = *from;
  packet->to = datagram->address;
  packet->departures = wire->departures;
  packet->there = there;
  packet->len = datagram->len;
  memcpy(packet->bytes, datagram->bytes, datagram->len);
  sip_link_append(&wire->under_way[(uint64_t)at_ms % MEDIA_WIRE_MS], &packet->link);
  wire->packets++;
  return true;
}

/* When a packet on that way arrives. */
static int64_t arrival(media_wire *wire, int64_t now, const route *way) {
  const media_link *link = way->fate;
  int64_t at = now + 1 + link->delay_ms;
  if (link->jitter_ms) {
    at += (int64_t)(roll(wire) % (link->jitter_ms + 1));
  }
  if (chance(wire, link->reorder)) {
    at += REORDER_MS;
  } else {
    if (at < way->link->last_ms) at = way->link->last_ms;
    way->link->last_ms = at;
  }
  return at < now + MEDIA_WIRE_MS ? at : now + MEDIA_WIRE_MS - 1;
}

bool media_wire_send(media_wire *wire, int64_t now_ms, const media_datagram *datagram) {
  sip_sockaddr from = datagram->session->local;
  from.port = (uint16_t)(from.port + (datagram->is_rtcp ? 1 : 0));
  const route *way = find_route(wire, datagram->session, &datagram->address);
  if (!way) return false;
  bool lost = chance(wire, way->fate->loss);
  note(wire, now_ms, &from, datagram);
  if (wire->tap) wire->tap(wire->tap_context, &from, datagram, lost);
  if (lost) return true;
  if (chance(wire, way->fate->duplicate)) {
    put(wire, &from, datagram, way->there, arrival(wire, now_ms, way));
  }
  return put(wire, &from, datagram, way->there, arrival(wire, now_ms, way));
}

int media_wire_inject(media_wire *wire, int64_t now_ms, const sip_sockaddr *from,
                      const media_datagram *datagram) {
  sip_sockaddr rtp = rtp_of(&datagram->address);
  media_session *there = find_address(wire, &rtp);
  if (!there) return SIP_E_NO_ROUTE;
  return put(wire, from, datagram, there, now_ms + 1) ? 0 : SIP_E_MEMORY;
}

/* Who has the packet's address now; NULL: nobody. */
static media_session *receiver_of(const media_wire *wire, const flying *packet) {
  if (packet->there && packet->departures == wire->departures) return packet->there;
  sip_sockaddr rtp = rtp_of(&packet->to);
  return find_address(wire, &rtp);
}

static void deliver(media_wire *wire, int64_t now_ms, const flying *packet, media_world *world) {
  media_session *session = receiver_of(wire, packet);
  if (!session || sip_link_alone(&session->party.tick)) return; /* or it has closed */
  media_datagram datagram = {.session = session,
                             .is_rtcp = packet->to.port % 2 != 0,
                             .address = packet->from,
                             .bytes = packet->bytes,
                             .len = packet->len};
  media_world_receive(world, now_ms * RTP_MS, &datagram);
}

/* As media_look_ahead, for those that packets are about to reach. */
static void look_ahead(const media_wire *wire, const sip_link *due) {
  static void (*const steps[])(const media_session *) = {media_fetch_voice, media_fetch_settings,
                                                         media_fetch_session};
  const sip_link *link = due->next;
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    link = link->next;
    if (link == due) return;
    const flying *packet = SIP_CONTAINER(link, flying, link);
    if (packet->there && packet->departures == wire->departures) steps[i](packet->there);
  }
}

void media_wire_deliver(media_wire *wire, int64_t now_ms, media_world *world) {
  sip_link *due = &wire->under_way[(uint64_t)now_ms % MEDIA_WIRE_MS];
  while (!sip_link_alone(due)) {
    flying *packet = SIP_CONTAINER(due->next, flying, link);
    look_ahead(wire, due);
    sip_link_remove(&packet->link);
    wire->packets--;
    deliver(wire, now_ms, packet, world);
    sip_alloc_free(&wire->packet_alloc, packet, sizeof *packet + packet->len);
  }
}

/* --- Life ------------------------------------------------------------------------- */

int media_wire_init(media_wire *wire, sip_alloc *alloc, uint64_t seed) {
  memset(wire, 0, sizeof *wire);
  wire->alloc = alloc;
  wire->digest = DIGEST_START;
  media_ports_init(&wire->ports, FIRST_PORT, LAST_PORT);
  wire->dice = seed;
  sip_link_init(&wire->all_links);
  sip_pool_init(&wire->pool, NULL);
  sip_alloc_init(&wire->packet_alloc, sip_pool_alloc, &wire->pool);
  for (int i = 0; i < MEDIA_WIRE_MS; i++) sip_link_init(&wire->under_way[i]);
  int error = sip_map_init(&wire->addresses, alloc);
  if (!error) error = sip_map_init(&wire->links, alloc);
  if (error) media_wire_deinit(wire);
  return error;
}

static void drop_packets(media_wire *wire) {
  for (int i = 0; i < MEDIA_WIRE_MS; i++) {
    sip_link *list = &wire->under_way[i];
    while (!sip_link_alone(list)) {
      flying *packet = SIP_CONTAINER(list->next, flying, link);
      sip_link_remove(&packet->link);
      sip_alloc_free(&wire->packet_alloc, packet, sizeof *packet + packet->len);
    }
  }
}

void media_wire_deinit(media_wire *wire) {
  drop_packets(wire);
  while (!sip_link_alone(&wire->all_links)) {
    link_node *node = SIP_CONTAINER(wire->all_links.next, link_node, link_of_all);
    sip_link_remove(&node->link_of_all);
    sip_map_remove(&wire->links, &node->node);
    sip_alloc_free(wire->alloc, node, sizeof *node);
  }
  sip_pool_deinit(&wire->pool);
  if (wire->links.alloc) sip_map_deinit(&wire->links);
  if (wire->addresses.alloc) sip_map_deinit(&wire->addresses);
}
