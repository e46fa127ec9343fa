/* SPDX-License-Identifier: MIT
 *
 * A guest of the loop: something that lives on another thread, wakes the loop when it has
 * news, and is heard in that turn. Engines aside, it is how anything else takes part.
 */
#ifndef MOONSIP_NET_GUEST_H
#define MOONSIP_NET_GUEST_H

#include "base/list.h"
#include "net/loop.h"

struct uv_loop_s;
struct uv_async_s;

typedef struct net_guest net_guest;

/* `ready` is called in a turn, between receiving and sending, once after any number of
 * net_guest_wake. 0, SIP_E_MEMORY or a system error. */
int net_guest_open(net_loop *loop, void (*ready)(void *context), void *context, net_guest **out);
/* Legal in `ready`. Nobody may wake it any more. */
void net_guest_close(net_guest *guest);

/* From any thread, without lock or allocation. */
void net_guest_wake(net_guest *guest);

/* While it is held, something may still happen: the loop is not empty. */
void net_guest_hold(net_guest *guest, bool holds);

/* For libuv's thread pool. */
struct uv_loop_s *net_guest_uv(net_guest *guest);

#endif
