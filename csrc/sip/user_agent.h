/* SPDX-License-Identifier: MIT
 *
 * The answers of a user agent to requests that no handler wants.
 */
#ifndef MOONSIP_SIP_USER_AGENT_H
#define MOONSIP_SIP_USER_AGENT_H

#include "sip/state.h"

/* OPTIONS 200, SUBSCRIBE 489, REFER 603, known methods 405, others 501. */
void sip_user_agent_answer(sip_engine *engine, const sip_message *request, const sip_flow *flow);

#endif
