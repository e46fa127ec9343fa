/* SPDX-License-Identifier: MIT
 *
 * An IP address with a port, without the system's headers: the core compares
 * and prints addresses, it never opens one.
 */
#ifndef MOONSIP_BASE_SOCKADDR_H
#define MOONSIP_BASE_SOCKADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "base/str.h"

typedef struct sip_sockaddr {
  uint8_t family; /* 4, 6, or 0 for none */
  uint8_t ip[16]; /* network order; the first 4 when the family is 4 */
  uint16_t port;  /* host order; 0 when not known */
  uint32_t scope; /* IPv6 zone index, 0 for none */
} sip_sockaddr;

/* A literal without port: "192.0.2.1", "2001:db8::1", "[2001:db8::1]". Strict:
 * four decimal parts without leading zeros; RFC 5118 4.1 to 4.10 for IPv6. */
bool sip_sockaddr_parse(sip_str host, uint16_t port, sip_sockaddr *out);

/* How many bytes at the front of [at, end) are an IPv4 address; 0 for none. */
size_t sip_ipv4_len(const char *at, const char *end);

/* Equal family, address and scope; and equal port too. */
bool sip_sockaddr_equal_ip(const sip_sockaddr *a, const sip_sockaddr *b);
bool sip_sockaddr_equal(const sip_sockaddr *a, const sip_sockaddr *b);

/* An IPv4-mapped IPv6 address becomes the IPv4 one it stands for. */
void sip_sockaddr_canonicalise(sip_sockaddr *address);

/* 0.0.0.0 or ::, what a wildcard listener is bound to. */
bool sip_sockaddr_is_any(const sip_sockaddr *address);

/* "192.0.2.1" or "2001:db8::1" (RFC 5952); in brackets where a URI wants it. */
void sip_sockaddr_write_ip(const sip_sockaddr *address, sip_buffer *out);
void sip_sockaddr_write_host(const sip_sockaddr *address, sip_buffer *out);
/* "192.0.2.1:5060" or "[2001:db8::1]:5060". */
void sip_sockaddr_write(const sip_sockaddr *address, sip_buffer *out);

uint64_t sip_sockaddr_hash(sip_hash_key key, const sip_sockaddr *address);

#endif
