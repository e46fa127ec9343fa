/* SPDX-License-Identifier: MIT
 *
 * c=: where media goes to (RFC 8866 5.7).
 */
#ifndef MOONSIP_SDP_CONNECTION_H
#define MOONSIP_SDP_CONNECTION_H

#include "base/sockaddr.h"
#include "sdp/field.h"

typedef struct sdp_connection {
  sip_str nettype;
  sip_str addrtype;
  sip_str address;  /* without "/ttl/count" */
  sip_sockaddr ip;  /* family 0: a name, or another network than the Internet */
  uint8_t ttl;      /* of IPv4 multicast */
  uint16_t count;   /* of multicast addresses; 1 */
  bool multicast;   /* 224.0.0.0/4 or ff00::/8 */
  bool unspecified; /* 0.0.0.0, :: or *.invalid: send nothing (RFC 3264 8.4, RFC 6157 4.1) */
} sdp_connection;

/* 0, or SIP_E_SDP_LINE with the cursor at the field that is wrong: IP4 wants an
 * IPv4 address or a name, IP6 an IPv6 address or a name. */
int sdp_connection_parse(sdp_fields *fields, sdp_connection *out);

/* "IN IP4 192.0.2.1" for an address or a name without spaces. */
void sdp_connection_write(sip_str address, sip_buffer *out);

/* True for what sdp_connection_write may be given: an IP address or a name. */
bool sdp_address_is_valid(sip_str address);

#endif
