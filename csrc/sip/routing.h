/* SPDX-License-Identifier: MIT
 *
 * What a received request says of where it goes, after the preprocessing of RFC 3261
 * 16.4: Route values that are ours are taken off, and the Request-URI that a strict router
 * moved to the last Route comes back. The message stays as it is.
 */
#ifndef MOONSIP_SIP_ROUTING_H
#define MOONSIP_SIP_ROUTING_H

#include "sip/route_token.h"

typedef struct sip_routing {
  sip_str uri;           /* Request-URI to go by; a slice of the message, or of engine->route_uri */
  uint32_t count;        /* Route values of the message */
  uint32_t own;          /* so many at the front were ours */
  bool last_taken;       /* the last of them is `uri` */
  sip_str next;          /* the first that remains, or empty */
  uint32_t listener;     /* of ours that the last of those names, or 0: to leave by */
  sip_route_token token; /* of the last of ours that proved something */
} sip_routing;

void sip_routing_read(sip_engine *engine, const sip_message *request, const sip_flow *flow,
                      sip_routing *out);

/* Room for a route of ours: a token of two flows of 45 characters, proof and owner, and the
 * place of a node. */
enum { SIP_OWN_ROUTE_MAX = 512 };

/* How many Route values remain. */
static inline uint32_t sip_routing_left(const sip_routing *routing) {
  return routing->count - routing->own - (routing->last_taken ? 1 : 0);
}

/* Value number `index` (from 0) of the message is one that remains. */
static inline bool sip_routing_keeps(const sip_routing *routing, uint32_t index) {
  return index >= routing->own && index < routing->count - (routing->last_taken ? 1 : 0);
}

#endif
