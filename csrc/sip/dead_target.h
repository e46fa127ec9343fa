/* SPDX-License-Identifier: MIT
 *
 * Servers that failed of late: of all that a name stands for (RFC 3263 4) they are tried
 * last, until their time is over or they answer. What is remembered is of a fixed size; the
 * one whose time ends first makes room.
 */
#ifndef MOONSIP_SIP_DEAD_TARGET_H
#define MOONSIP_SIP_DEAD_TARGET_H

#include "sip/state.h"

/* Where the request of a client transaction went does not answer. */
void sip_dead_target_add(sip_engine *engine, const sip_flow *flow, uint32_t for_ms);
/* It does. */
void sip_dead_target_remove(sip_engine *engine, const sip_flow *flow);

/* Copies targets, those that are not known to be dead first, each sort in its order. */
void sip_dead_target_sort(const sip_engine *engine, const sip_target *targets, size_t count,
                          sip_target *out);

void sip_dead_target_free_all(sip_engine *engine);

#endif
