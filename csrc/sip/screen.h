/* SPDX-License-Identifier: MIT
 *
 * What the guard is asked, and told, on the way of a message. Without a guard everything is
 * let in, at no cost.
 */
#ifndef MOONSIP_SIP_SCREEN_H
#define MOONSIP_SIP_SCREEN_H

#include "sip/state.h"

/* Whether a message is looked at at all; before it is parsed. */
bool sip_screen_arrival(sip_engine *engine, const sip_flow *flow);

typedef enum sip_screening {
  SIP_SCREEN_LET_IN,
  SIP_SCREEN_DROP,
  SIP_SCREEN_BUSY /* to be answered 503 (RFC 3261 21.5.4) */
} sip_screening;

/* What becomes of the request that was parsed, which belongs to nothing that we know. */
sip_screening sip_screen_request(sip_engine *engine, const sip_flow *flow);

/* Seconds for the Retry-After of that 503. */
uint32_t sip_screen_retry_after(sip_engine *engine);

/* We answered a request outside dialogs with that status. Some count against its source. */
void sip_screen_answered(sip_engine *engine, const sip_flow *flow, int status);

/* What came is nothing that can be answered: it counts. */
void sip_screen_junk(sip_engine *engine, const sip_flow *flow);

/* Our 2xx was acknowledged: what we send reaches somebody. */
void sip_screen_acknowledged(sip_engine *engine, const sip_flow *flow);

/* The timer of the report is due. */
void sip_screen_report(sip_engine *engine);

#endif
