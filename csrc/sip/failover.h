/* SPDX-License-Identifier: MIT
 *
 * What becomes of a request of ours that one server failed (RFC 3263 4.3).
 */
#ifndef MOONSIP_SIP_FAILOVER_H
#define MOONSIP_SIP_FAILOVER_H

#include "sip/state.h"

/* The transaction waits on no connection any more. */
void sip_failover_forget(sip_engine *engine, sip_transaction *t);

/* A response shows whether its server is dead (dead_target.h). */
void sip_failover_hear(sip_engine *engine, const sip_transaction *t, const sip_message *response);

/* Nobody answered in time, or the answer was a 503: the request goes on to the next target
 * as another transaction of the same id. False when there is none, or it was cancelled; *t
 * is then as it was, or it is past being sent, and ends. */
bool sip_failover_after_silence(sip_engine *engine, sip_transaction *t);
bool sip_failover_after_503(sip_engine *engine, sip_transaction *t);

#endif
