/* SPDX-License-Identifier: MIT
 *
 * Which socket an engine's packet leaves by.
 */
#ifndef MOONSIP_NET_SEND_H
#define MOONSIP_NET_SEND_H

#include "net/state.h"

/* Takes over the reference to the packet. Its owner hears of a failure. */
void net_send(net_engine *attached, const sip_outgoing *out);

/* Sends what the engine has waiting and hands it to the system, as far as that
 * takes it; of one engine that goes, or of all. Neither calls out. */
void net_flush_engine(net_engine *attached);
void net_flush(net_loop *loop);

#endif
