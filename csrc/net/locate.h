/* SPDX-License-Identifier: MIT
 *
 * Where a SIP request goes (RFC 3263 4): an engine's query becomes questions
 * to the DNS, and their answers its targets.
 */
#ifndef MOONSIP_NET_LOCATE_H
#define MOONSIP_NET_LOCATE_H

#include "net/state.h"

void net_locate(net_engine *attached, const sip_query *query);

#endif
