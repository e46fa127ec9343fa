/* SPDX-License-Identifier: MIT
 *
 * Field by field; both forms keep the IP in network order.
 */
#include "net/address.h"

#include <arpa/inet.h>
#include <string.h>

socklen_t net_address_from(net_address *out, const sip_sockaddr *from) {
  if (from->family == 4) {
    out->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(from->port)};
    memcpy(&out->v4.sin_addr, from->ip, sizeof out->v4.sin_addr);
    return sizeof out->v4;
  }
  out->v6 = (struct sockaddr_in6){
      .sin6_family = AF_INET6, .sin6_port = htons(from->port), .sin6_scope_id = from->scope};
  memcpy(&out->v6.sin6_addr, from->ip, sizeof out->v6.sin6_addr);
  return sizeof out->v6;
}

void net_address_to(sip_sockaddr *out, const net_address *from) {
  *out = (sip_sockaddr){0};
  if (from->any.sa_family == AF_INET) {
    out->family = 4;
    out->port = ntohs(from->v4.sin_port);
    memcpy(out->ip, &from->v4.sin_addr, sizeof from->v4.sin_addr);
  } else if (from->any.sa_family == AF_INET6) {
    out->family = 6;
    out->port = ntohs(from->v6.sin6_port);
    out->scope = from->v6.sin6_scope_id;
    memcpy(out->ip, &from->v6.sin6_addr, sizeof from->v6.sin6_addr);
  }
}
