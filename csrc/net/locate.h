/* SPDX-License-Identifier: MIT
 *
 * Where a SIP request goes: an engine's query becomes the questions of RFC 3263
 * (sip/locator.h) to the DNS, and their answers its targets.
 */
#ifndef MOONSIP_NET_LOCATE_H
#define MOONSIP_NET_LOCATE_H

#include "net/state.h"

/* Answers a query whose host is an IP address: what is asked for then is the
 * address of ours that leads there. False when it is a name. */
bool net_locate_literal(net_engine *attached, const sip_query *query);
/* Asks the DNS; the answer comes in a turn, within resolve_ms. */
void net_locate(net_engine *attached, const sip_query *query);
/* No answer for this engine any more. */
void net_locate_forget(net_engine *attached);

#endif
