/* SPDX-License-Identifier: MIT
 *
 * Transport; listener; local and remote address, each as family, IP, port and, of IPv6,
 * scope; and the connection, which is missing in what is none.
 */
#include "location/packed_flow.h"

#include <string.h>

enum { IPV4_LEN = 4, IPV6_LEN = 16, VERSION_4 = 4, VERSION_6 = 6 };

static char *put(char *at, const void *from, size_t len) {
  memcpy(at, from, len);
  return at + len;
}

static const char *get(const char *at, void *to, size_t len) {
  memcpy(to, at, len);
  return at + len;
}

static char *put_address(char *at, const sip_sockaddr *address) {
  at = put(at, &address->family, sizeof address->family);
  at = put(at, address->ip, address->family == VERSION_4 ? IPV4_LEN : IPV6_LEN);
  at = put(at, &address->port, sizeof address->port);
  return address->family == VERSION_6 ? put(at, &address->scope, sizeof address->scope) : at;
}

static const char *get_address(const char *at, sip_sockaddr *address) {
  at = get(at, &address->family, sizeof address->family);
  at = get(at, address->ip, address->family == VERSION_4 ? IPV4_LEN : IPV6_LEN);
  at = get(at, &address->port, sizeof address->port);
  return address->family == VERSION_6 ? get(at, &address->scope, sizeof address->scope) : at;
}

size_t sip_flow_pack(const sip_flow *flow, char out[SIP_PACKED_FLOW_MAX]) {
  if (flow->transport == SIP_TRANSPORT_NONE) return 0;
  uint8_t transport = (uint8_t)flow->transport;
  char *at = put(out, &transport, sizeof transport);
  at = put(at, &flow->listener, sizeof flow->listener);
  at = put_address(put_address(at, &flow->local), &flow->remote);
  if (flow->connection) at = put(at, &flow->connection, sizeof flow->connection);
  return (size_t)(at - out);
}

void sip_flow_unpack(const char *bytes, size_t len, sip_flow *flow) {
  *flow = (sip_flow){0};
  if (len == 0) return;
  uint8_t transport;
  const char *at = get(bytes, &transport, sizeof transport);
  flow->transport = (sip_transport)transport;
  at = get(at, &flow->listener, sizeof flow->listener);
  at = get_address(get_address(at, &flow->local), &flow->remote);
  if (at < bytes + len) get(at, &flow->connection, sizeof flow->connection);
}
