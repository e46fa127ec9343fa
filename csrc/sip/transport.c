/* SPDX-License-Identifier: MIT
 *
 * What is known of each transport (RFC 3261 18, 20.42; RFC 7118 for WebSocket).
 */
#include "sip/transport.h"

enum { PORT = 5060, PORT_SECURE = 5061, PORT_WS = 80, PORT_WSS = 443 };

static const struct row {
  sip_str name;
  sip_str uri_name;
  uint16_t port;
  bool reliable;
} rows[SIP_TRANSPORT_COUNT] = {
    [SIP_TRANSPORT_NONE] = {{"", 0}, {"", 0}, PORT, false},
    [SIP_TRANSPORT_UDP] = {{"UDP", 3}, {"udp", 3}, PORT, false},
    [SIP_TRANSPORT_TCP] = {{"TCP", 3}, {"tcp", 3}, PORT, true},
    [SIP_TRANSPORT_TLS] = {{"TLS", 3}, {"tls", 3}, PORT_SECURE, true},
    [SIP_TRANSPORT_WS] = {{"WS", 2}, {"ws", 2}, PORT_WS, true},
    [SIP_TRANSPORT_WSS] = {{"WSS", 3}, {"wss", 3}, PORT_WSS, true},
    [SIP_TRANSPORT_OTHER] = {{"", 0}, {"", 0}, PORT, false},
};

sip_transport sip_transport_parse(sip_str token) {
  if (token.len == 0) return SIP_TRANSPORT_NONE;
  if (sip_str_equal(token, rows[SIP_TRANSPORT_UDP].name)) return SIP_TRANSPORT_UDP;
  for (int i = SIP_TRANSPORT_UDP; i < SIP_TRANSPORT_OTHER; i++) {
    if (sip_str_equal_nocase(token, rows[i].name)) return (sip_transport)i;
  }
  return SIP_TRANSPORT_OTHER;
}

sip_str sip_transport_name(sip_transport transport) {
  return rows[transport].name;
}

sip_str sip_transport_uri_name(sip_transport transport) {
  return rows[transport].uri_name;
}

bool sip_transport_is_reliable(sip_transport transport) {
  return rows[transport].reliable;
}

bool sip_transport_is_secure(sip_transport transport) {
  return transport == SIP_TRANSPORT_TLS || transport == SIP_TRANSPORT_WSS;
}

uint16_t sip_transport_default_port(sip_transport transport) {
  return rows[transport].port;
}
