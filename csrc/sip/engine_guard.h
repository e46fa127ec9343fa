/* SPDX-License-Identifier: MIT
 *
 * An engine's guard: who is let in, as its user sets and tells it.
 */
#ifndef MOONSIP_SIP_ENGINE_GUARD_H
#define MOONSIP_SIP_ENGINE_GUARD_H

#include "sip/engine.h"

/* Asks a guard about all that comes from now on, as the config says (its key is the
 * engine's); NULL takes it away. 0 or SIP_E_MEMORY. */
int sip_engine_set_guard(sip_engine *engine, const guard_config *config);
/* NULL while there is none. */
guard *sip_engine_guard(sip_engine *engine);

/* SIP_EVENT_GUARD follows a second after somebody was refused, once for all of that second. */
void sip_engine_want_report(sip_engine *engine, bool wanted);

/* A request has proven whose it is, or has tried to in vain. Of a transaction that is gone
 * nothing is noted. */
void sip_engine_vouch(sip_engine *engine, sip_time now, sip_id transaction);
void sip_engine_distrust(sip_engine *engine, sip_time now, sip_id transaction);

/* Whether a connection from there is not worth opening. */
bool sip_engine_refuses(const sip_engine *engine, sip_time now, const sip_sockaddr *remote);

/* What came now had to wait so long until somebody looked at it. */
void sip_engine_note_lateness(sip_engine *engine, sip_time now, uint32_t late_ms);

#endif
