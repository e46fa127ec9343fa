/* SPDX-License-Identifier: MIT
 *
 * A network in CIDR notation (RFC 4632 3.1, RFC 4291 2.3), and the one form that an
 * address has here: IPv4-mapped ones are IPv4, and the address of "this host" is its
 * loopback, which is where a connection to it goes.
 */
#ifndef MOONSIP_GUARD_NETWORK_H
#define MOONSIP_GUARD_NETWORK_H

#include "base/sockaddr.h"

/* An address as a number: of IPv4 the low 32 bits. */
typedef struct guard_number {
  uint64_t high;
  uint64_t low;
} guard_number;

typedef struct guard_network {
  uint8_t family; /* 4 or 6 */
  uint8_t bits;   /* of the prefix */
  guard_number first;
} guard_network;

/* "192.0.2.0/24", "2001:db8::/32", "::ffff:192.0.2.0/120", or an address alone. Bits
 * behind the prefix are dropped. False for anything else, for an IPv4-mapped prefix
 * shorter than 96, and for the unspecified address alone. */
bool guard_network_parse(sip_str text, guard_network *out);

/* The last address of it. */
guard_number guard_network_last(const guard_network *network);

/* The canonical address: its family, and the address as a number. */
uint8_t guard_canonical(const sip_sockaddr *address, guard_number *out);

static inline bool guard_number_at_most(guard_number a, guard_number b) {
  return a.high < b.high || (a.high == b.high && a.low <= b.low);
}

static inline int guard_number_compare(guard_number a, guard_number b) {
  if (a.high != b.high) return a.high < b.high ? -1 : 1;
  return (a.low > b.low) - (a.low < b.low);
}

#endif
