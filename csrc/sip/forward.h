/* SPDX-License-Identifier: MIT
 *
 * A message as a proxy passes it on: what was received, copied once, with the edits of
 * RFC 3261 16.6 and 16.7 at known places; every other byte stays as it came.
 */
#ifndef MOONSIP_SIP_FORWARD_H
#define MOONSIP_SIP_FORWARD_H

#include "sip/lines.h"
#include "sip/routing.h"

/* What a proxy adds of itself (16.6 item 4, RFC 3327 5.2). */
typedef enum sip_stay { SIP_STAY_NONE, SIP_STAY_RECORD_ROUTE, SIP_STAY_PATH } sip_stay;

typedef struct sip_forward {
  const sip_message *request;
  const sip_flow *source; /* the request came by */
  const sip_routing *routing;
  sip_str uri;            /* of the target, fit for a Request-URI; empty: routing->uri */
  sip_str via;            /* URI of the next hop by policy (16.6 item 6), or empty */
  sip_str routes;         /* Route values that go in front, or empty */
  const sip_lines *lines; /* header fields set in place of those of the same name */
  const sip_lines *drop;  /* header fields taken away: names with a colon, one a line */
  uint16_t breadth;       /* Max-Breadth (RFC 5393 5.3.3) */
  uint8_t stay;           /* sip_stay */

  const sip_flow *flow;    /* it leaves by */
  sip_str branch;          /* of our Via */
  const sip_flow *to_call; /* leads to the target, when its URI does not; or NULL */
} sip_forward;

/* Where it goes (16.6 items 6, 7). SIP_E_HEADER when the first Route is malformed. */
typedef struct sip_hop {
  sip_str uri;
  bool strict; /* a strict router: it takes the place of the Request-URI */
} sip_hop;
int sip_forward_next_hop(const sip_forward *forward, sip_hop *out);

/* The request. *head_at gets where our Via begins. NULL without memory. */
sip_packet *sip_forward_request(sip_engine *engine, const sip_forward *forward, uint32_t *head_at);

/* The response without its first Via value, with `lines` behind its header fields, and a
 * Content-Length if it lacks one and `stream`. NULL without memory. */
sip_packet *sip_forward_response(sip_engine *engine, const sip_message *response, sip_str lines,
                                 bool stream);

/* True when a Via follows the first one: without, a response is for us (16.7 item 3). */
bool sip_forward_has_more_vias(const sip_message *response);

#endif
