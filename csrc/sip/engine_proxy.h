/* SPDX-License-Identifier: MIT
 *
 * What the user of an engine does with a request that it proxies (RFC 3261 16): to whom it
 * goes, what comes back, when it is over.
 */
#ifndef MOONSIP_SIP_ENGINE_PROXY_H
#define MOONSIP_SIP_ENGINE_PROXY_H

#include "sip/engine.h"

/* The checks that a proxy makes before it forwards a request (16.3): 0, or the status
 * that refuses it: 416, 483, 482, 420, 440. *lines gets the lines such a reply needs
 * (Unsupported). `aimed`: the user says where to, so that a Route that leads past us
 * must not: 403. */
int sip_engine_proxy_check(sip_engine *engine, sip_id transaction, bool aimed, sip_buffer *lines);

/* How a request is known here: a Route or Request-URI of ours proved it (16.4). */
bool sip_engine_proxy_is_routed(sip_engine *engine, sip_id transaction);

enum { SIP_PROXY_BRANCHES_MAX = 64 }; /* of one request, over all its targets */

typedef struct sip_proxy_target {
  sip_str uri;          /* Request-URI; empty: where the request itself says (16.4) */
  sip_str via;          /* URI of the next hop, or empty (16.6 item 6) */
  sip_str routes;       /* Route values in front: the Path of a registration; or empty */
  sip_str headers;      /* whole lines, set in place of those of the same name; or empty */
  sip_str drop;         /* names with a colon, one a line, to be taken away; or empty */
  const sip_flow *flow; /* to send by, or NULL */
  sip_transport transport;
  uint32_t timeout_ms; /* it counts as 408 then; 0: none but Timers B, C and F */
  uint32_t group;      /* groups are tried one after the other, in the order added */
  uint32_t spare_of;   /* another flow to the device of that branch (RFC 5626 7), or 0 */
} sip_proxy_target;

/* Adds a target to the request's set, at the end; *branch (may be NULL) gets its number,
 * or 0 when the set has it already (16.5). SIP_E_URI, SIP_E_HEADER, SIP_E_RESERVED,
 * SIP_E_INJECTION, SIP_E_LIMIT; SIP_E_STATE after a final response, a CANCEL or a 6xx. */
int sip_engine_proxy_add(sip_engine *engine, sip_id transaction, const sip_proxy_target *target,
                         uint32_t *branch);

typedef struct sip_proxy_wish {
  const sip_message *message; /* what to forward instead of the request that came, or NULL */
  const sip_flow *flow;       /* it came by: of a stray, which has no transaction */
  uint8_t stay;               /* sip_stay: Record-Route, Path or none */
  bool finish;                /* when every branch has failed the best response goes back by itself;
                               * without, SIP_EVENT_PROXIED is pushed */
  bool watch;                 /* SIP_EVENT_BRANCH for all that branches do */
  uint16_t recursions;        /* so many 3xx may be followed (16.7 item 4) */
} sip_proxy_wish;

/* Starts with the targets that were added. SIP_E_STATE as above; SIP_E_INVALID when the
 * message is not the request any more: another Call-ID, CSeq, From tag or Via. */
int sip_engine_proxy(sip_engine *engine, sip_time now, sip_id transaction,
                     const sip_proxy_wish *wish);

/* SIP_EVENT_BRANCH from now on, and SIP_EVENT_PROXIED at the end. */
void sip_engine_proxy_watch(sip_engine *engine, sip_id transaction);

/* Sends the best response (16.7 item 6), or the one given, of which the first Via is left
 * out; branches that have no final response are cancelled. SIP_E_STATE after a final
 * response. */
int sip_engine_proxy_finish(sip_engine *engine, sip_time now, sip_id transaction,
                            const sip_message *response);

/* Cancels a branch by its number, or all of them (0). `headers`: e.g. Reason. */
int sip_engine_proxy_cancel(sip_engine *engine, sip_time now, sip_id transaction, uint32_t branch,
                            sip_str headers);

/* The Request-URI of a branch; empty when there is no such. Valid until the next call. */
sip_str sip_engine_proxy_uri(const sip_engine *engine, sip_id transaction, uint32_t branch);

/* Forwards a request to one target and forgets it, and its transaction with it (16.11). */
int sip_engine_proxy_stateless(sip_engine *engine, sip_time now, sip_id transaction,
                               const sip_proxy_target *target, const sip_proxy_wish *wish);

#endif
