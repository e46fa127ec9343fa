/* SPDX-License-Identifier: MIT
 *
 * What comes over a connection, cut into messages: the calls of its stream (net/stream.h).
 */
#ifndef MOONSIP_NET_CONNECTION_READ_H
#define MOONSIP_NET_CONNECTION_READ_H

#include "net/stream.h"

size_t net_connection_room(const net_stream *stream);
void net_connection_received(net_stream *stream, sip_str bytes);
void net_connection_stirred(net_stream *stream, bool is_whole);

#endif
