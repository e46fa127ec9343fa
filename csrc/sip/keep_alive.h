/* SPDX-License-Identifier: MIT
 *
 * Flows that are kept alive from our side, and watched (RFC 5626 4.4): "pings" over
 * connections (4.4.1), STUN over UDP (4.4.2). Whoever keeps the same flow shares its keeper, so
 * that a thousand lines at one registrar cost one.
 */
#ifndef MOONSIP_SIP_KEEP_ALIVE_H
#define MOONSIP_SIP_KEEP_ALIVE_H

#include "base/timer.h"
#include "sip/engine.h"

typedef struct sip_keep_wish {
  const sip_flow *flow;
  uint32_t interval_ms; /* the longest time between two; each is 80 to 100 % of it. 0: nothing is
                         * sent, and the flow is only watched */
  bool is_answered;     /* the other side is known to answer: silence means that the flow has
                         * failed. Without, UDP gets pings too, not STUN */
} sip_keep_wish;

/* *keeper names it. Of a flow that is kept already the shorter interval counts. SIP_E_INVALID
 * without a transport, SIP_E_LIMIT past SIP_KEEPERS_MAX, SIP_E_MEMORY. SIP_EVENT_FLOW_FAILED
 * follows, once, when the flow has failed: its transaction is the keeper, which is gone then;
 * code: SIP_E_TIMEOUT for silence, SIP_E_TRANSPORT for a connection that broke or an address
 * that has changed. */
enum { SIP_KEEPERS_MAX = 100000 };
int sip_engine_keep_alive(sip_engine *engine, sip_time now, const sip_keep_wish *wish,
                          sip_id *keeper);
/* One that keeps it does not any more. */
void sip_engine_leave_alone(sip_engine *engine, sip_id keeper);

/* A CRLF came by a connection: the "pong" (3.5.1). */
void sip_engine_ponged(sip_engine *engine, sip_time now, sip_id connection);

/* For the rest of the engine: a binding response of STUN came; true when it is of a keeper. */
bool sip_keep_alive_stun(sip_engine *engine, const sip_flow *flow, sip_str bytes);
/* A connection broke. */
void sip_keep_alive_lost(sip_engine *engine, sip_id connection, int error);
void sip_keep_alive_expire(sip_engine *engine, sip_timer *timer);
void sip_keep_alive_free_all(sip_engine *engine);

#endif
