/* SPDX-License-Identifier: MIT
 *
 * One turn of a loop: what comes before it waits, and what follows receiving.
 */
#ifndef MOONSIP_NET_TURN_H
#define MOONSIP_NET_TURN_H

#include "net/state.h"

/* Calls between two turns left queries and packets: they go out. */
void net_turn_prepare(net_loop *loop);

/* Fires what is due, hands events out, sends. */
void net_turn_finish(net_loop *loop);

#endif
