/* SPDX-License-Identifier: MIT
 *
 * Reading networks, and making addresses canonical.
 */
#include "guard/network.h"

enum { IPV4_BITS = 32, IPV6_BITS = 128, MAPPED_BITS = 96, WORD_BITS = 64 };

static guard_number number_of(const sip_sockaddr *address) {
  guard_number n = {0};
  if (address->family == 4) {
    for (int i = 0; i < 4; i++) n.low = n.low << 8 | address->ip[i];
    return n;
  }
  for (int i = 0; i < 8; i++) n.high = n.high << 8 | address->ip[i];
  for (int i = 8; i < 16; i++) n.low = n.low << 8 | address->ip[i];
  return n;
}

uint8_t guard_canonical(const sip_sockaddr *address, guard_number *out) {
  static const guard_number loopback[] = {[4] = {0, UINT64_C(0x7f000001)}, [6] = {0, 1}};
  sip_sockaddr plain = *address;
  sip_sockaddr_canonicalise(&plain);
  *out = sip_sockaddr_is_any(&plain) ? loopback[plain.family] : number_of(&plain);
  return plain.family;
}

/* The low `bits` of a word, 0 to 64. */
static uint64_t low_ones(unsigned bits) {
  return bits == 0 ? 0 : UINT64_MAX >> (WORD_BITS - bits);
}

/* The bits of an address that are not the prefix's. */
static guard_number host_mask(uint8_t family, unsigned bits) {
  if (family == 4) return (guard_number){0, low_ones(IPV4_BITS - bits)};
  unsigned rest = IPV6_BITS - bits;
  if (rest <= WORD_BITS) return (guard_number){0, low_ones(rest)};
  return (guard_number){low_ones(rest - WORD_BITS), UINT64_MAX};
}

guard_number guard_network_last(const guard_network *network) {
  guard_number mask = host_mask(network->family, network->bits);
  return (guard_number){network->first.high | mask.high, network->first.low | mask.low};
}

bool guard_network_parse(sip_str text, guard_network *out) {
  size_t slash = sip_str_index(text, '/');
  sip_sockaddr address;
  if (!sip_sockaddr_parse(sip_str_make(text.ptr, slash), 0, &address)) return false;
  if (text.len > 0 && *text.ptr == '[') return false; /* brackets are a URI's */
  uint64_t bits = address.family == 4 ? IPV4_BITS : IPV6_BITS;
  uint8_t family = address.family;
  bool has_prefix = slash < text.len;
  sip_str digits = has_prefix ? sip_str_make(text.ptr + slash + 1, text.len - slash - 1) : text;
  if (has_prefix && digits.len > 1 && *digits.ptr == '0') return false;
  if (has_prefix && !sip_str_to_number(digits, bits, &bits)) return false;
  sip_sockaddr_canonicalise(&address);
  if (address.family != family) {
    if (bits < MAPPED_BITS) return false;
    bits -= MAPPED_BITS;
  }
  bool is_one = bits == (address.family == 4 ? IPV4_BITS : IPV6_BITS);
  if (is_one && sip_sockaddr_is_any(&address)) return false;
  *out = (guard_network){.family = address.family, .bits = (uint8_t)bits};
  guard_number mask = host_mask(out->family, out->bits), whole = number_of(&address);
  out->first = (guard_number){whole.high & ~mask.high, whole.low & ~mask.low};
  return true;
}
