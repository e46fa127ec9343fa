/* SPDX-License-Identifier: MIT
 *
 * How a contact is reached: by its URI, or by the flow that its REGISTER came by, which
 * is the only way to a phone behind a NAT and the best to one with a connection.
 */
#ifndef MOONSIP_LOCATION_REACH_H
#define MOONSIP_LOCATION_REACH_H

#include "sip/message.h"
#include "sip/transport.h"

/* True when nobody is between us and who sent the request. */
bool sip_reach_is_direct(const sip_message *request);

/* True when the flow leads to the contact: the request came directly, and speaks of its
 * sender. By UDP only where the URI would not do: behind an address translation. */
bool sip_reach_by_flow(const sip_message *request, const sip_flow *flow, const sip_uri *contact);

#endif
