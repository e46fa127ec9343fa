/* SPDX-License-Identifier: MIT
 *
 * Transports by name, and the flow: who a message came from and how to answer
 * (RFC 3261 18, RFC 5626 2).
 */
#ifndef MOONSIP_SIP_TRANSPORT_H
#define MOONSIP_SIP_TRANSPORT_H

#include "base/slots.h"
#include "base/sockaddr.h"

typedef enum sip_transport {
  SIP_TRANSPORT_NONE, /* not said */
  SIP_TRANSPORT_UDP,
  SIP_TRANSPORT_TCP,
  SIP_TRANSPORT_TLS,
  SIP_TRANSPORT_WS,
  SIP_TRANSPORT_WSS,
  SIP_TRANSPORT_OTHER, /* a token we do not speak */
  SIP_TRANSPORT_COUNT
} sip_transport;

sip_transport sip_transport_parse(sip_str token);             /* without case */
sip_str sip_transport_name(sip_transport transport);          /* "UDP", for Via */
sip_str sip_transport_uri_name(sip_transport transport);      /* "udp", for ;transport= */
bool sip_transport_is_reliable(sip_transport transport);      /* RFC 3261 17: no retransmissions */
bool sip_transport_is_secure(sip_transport transport);        /* TLS is below it */
uint16_t sip_transport_default_port(sip_transport transport); /* 5060 or 5061 */

/* A flow is one UDP listener with one remote address, or one connection. */
typedef struct sip_flow {
  sip_id connection; /* 0 for UDP, and for a connection not open yet */
  uint32_t listener; /* engine's number of the listener (1 and up) */
  sip_transport transport;
  sip_sockaddr local; /* the address the message reached; never a wildcard when received */
  sip_sockaddr remote;
} sip_flow;

#endif
