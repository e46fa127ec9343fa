/* SPDX-License-Identifier: MIT
 *
 * Datagrams, in batches both ways. Bytes are received into memory that the
 * listeners of a loop share, and sent from the engine's packets as they are.
 */
#ifndef MOONSIP_NET_UDP_H
#define MOONSIP_NET_UDP_H

#include "net/listener.h"

/* A bound descriptor, or a negative system error. */
int net_udp_open(const sip_sockaddr *local);

/* The listener's batches; 0 or SIP_E_MEMORY. deinit is fine for any listener. */
int net_udp_init(net_listener *listener);
void net_udp_deinit(net_listener *listener);
void net_udp_start(net_listener *listener);

/* Takes over the reference to the packet. It leaves with the next flush, from
 * flow.local when the listener is bound to a wildcard. */
void net_udp_send(net_listener *listener, const sip_outgoing *out);
void net_udp_flush(net_listener *listener);

/* Frees the loop's receive memory. */
void net_udp_free_inbox(net_loop *loop);

#endif
