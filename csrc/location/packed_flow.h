/* SPDX-License-Identifier: MIT
 *
 * A flow in as few bytes as it takes: 19 for UDP over IPv4, where the struct has 64.
 */
#ifndef MOONSIP_LOCATION_PACKED_FLOW_H
#define MOONSIP_LOCATION_PACKED_FLOW_H

#include "sip/transport.h"

enum { SIP_PACKED_FLOW_MAX = 64 }; /* 59 with IPv6 and a connection */

/* How many bytes it became: 0 for a flow without a transport. */
size_t sip_flow_pack(const sip_flow *flow, char out[SIP_PACKED_FLOW_MAX]);
/* The flow again, of as many bytes. */
void sip_flow_unpack(const char *bytes, size_t len, sip_flow *flow);

#endif
