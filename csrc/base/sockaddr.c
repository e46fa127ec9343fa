/* SPDX-License-Identifier: MIT
 *
 * Reading, comparing and printing IP literals (RFC 3261 25.1, RFC 4291 2.2,
 * RFC 5118 4, RFC 5952 4).
 */
#include "base/sockaddr.h"

#include "base/chars.h"

enum { IPV4_PARTS = 4, IPV6_GROUPS = 8, GROUP_DIGITS = 4, NO_GAP = -1 };

/* Behind one to three digits that are at most 255 and have no leading zero, or NULL. */
static const char *scan_octet(const char *at, const char *end, uint8_t *out) {
  const char *from = at;
  unsigned value = 0, digit;
  for (; at < end && (digit = (unsigned)*at - '0') <= 9; at++) value = value * 10 + digit;
  size_t len = (size_t)(at - from);
  *out = (uint8_t)value;
  return len - 1 > 2 || value > UINT8_MAX || (len > 1 && *from == '0') ? NULL : at;
}

/* Behind a dotted quad that begins at `at`, or NULL. */
static const char *scan_ipv4(const char *at, const char *end, uint8_t *out) {
  for (int part = 0; part < IPV4_PARTS; part++) {
    if (part > 0 && (at == end || *at++ != '.')) return NULL;
    at = scan_octet(at, end, &out[part]);
    if (!at) return NULL;
  }
  return at;
}

static bool parse_ipv4(const char *at, const char *end, uint8_t *out) {
  return scan_ipv4(at, end, out) == end;
}

size_t sip_ipv4_len(const char *at, const char *end) {
  uint8_t ip[IPV4_PARTS];
  const char *behind = scan_ipv4(at, end, ip);
  return behind ? (size_t)(behind - at) : 0;
}

typedef struct groups {
  uint16_t value[IPV6_GROUPS];
  int count;
  int gap; /* groups in front of the "::", or NO_GAP */
} groups;

static const char *parse_group(const char *at, const char *end, uint16_t *out) {
  const char *from = at;
  unsigned value = 0;
  while (at < end && sip_char_is(*at, SIP_CHAR_HEX) && at - from < GROUP_DIGITS) {
    value = value << 4 | (unsigned)sip_char_hex(*at++);
  }
  *out = (uint16_t)value;
  return at > from ? at : NULL;
}

/* The dotted quad at the end takes the place of two groups. */
static bool parse_tail(const char *at, const char *end, groups *g) {
  uint8_t ip[IPV4_PARTS];
  if (g->count > IPV6_GROUPS - 2 || !parse_ipv4(at, end, ip)) return false;
  g->value[g->count++] = (uint16_t)(ip[0] << 8 | ip[1]);
  g->value[g->count++] = (uint16_t)(ip[2] << 8 | ip[3]);
  return true;
}

/* "::" at the cursor, at most once. RFC 5118 4.10: the grammar of RFC 3261
 * allows a third colon in front of a dotted quad. */
static bool parse_gap(const char **at, const char *end, groups *g) {
  if (g->gap != NO_GAP) return false;
  g->gap = g->count;
  *at += 2;
  const char *rest = *at;
  if (rest < end && *rest == ':' && memchr(rest, '.', (size_t)(end - rest))) *at = rest + 1;
  return true;
}

static bool parse_groups(const char *at, const char *end, groups *g) {
  while (at < end) {
    if (end - at >= 2 && at[0] == ':' && at[1] == ':') {
      if (!parse_gap(&at, end, g)) return false;
      if (at == end) return true;
    } else if (g->count > 0 && *at++ != ':') {
      return false;
    }
    uint16_t group;
    const char *next = parse_group(at, end, &group);
    if (!next) return false;
    if (next < end && *next == '.') return parse_tail(at, end, g);
    if (g->count == IPV6_GROUPS) return false;
    g->value[g->count++] = group;
    at = next;
  }
  return true;
}

static bool parse_ipv6(const char *at, const char *end, uint8_t *out) {
  groups g = {.gap = NO_GAP};
  if (!parse_groups(at, end, &g)) return false;
  bool whole = g.gap == NO_GAP ? g.count == IPV6_GROUPS : g.count < IPV6_GROUPS;
  if (!whole) return false;
  memset(out, 0, 2 * IPV6_GROUPS);
  for (int i = 0; i < g.count; i++) {
    int to = g.gap != NO_GAP && i >= g.gap ? IPV6_GROUPS - g.count + i : i;
    out[2 * to] = (uint8_t)(g.value[i] >> 8);
    out[2 * to + 1] = (uint8_t)g.value[i];
  }
  return true;
}

bool sip_sockaddr_parse(sip_str host, uint16_t port, sip_sockaddr *out) {
  sip_sockaddr address = {.port = port};
  if (host.len == 0) return false;
  const char *at = host.ptr, *end = host.ptr + host.len;
  if (*at == '[') {
    if (host.len < 2 || end[-1] != ']') return false;
    address.family = 6;
    if (!parse_ipv6(at + 1, end - 1, address.ip)) return false;
  } else if (memchr(at, ':', host.len)) {
    address.family = 6;
    if (!parse_ipv6(at, end, address.ip)) return false;
  } else {
    address.family = 4;
    if (!parse_ipv4(at, end, address.ip)) return false;
  }
  *out = address;
  return true;
}

static size_t ip_size(const sip_sockaddr *address) {
  return address->family == 6 ? 16 : address->family;
}

bool sip_sockaddr_equal_ip(const sip_sockaddr *a, const sip_sockaddr *b) {
  return a->family == b->family && a->scope == b->scope && memcmp(a->ip, b->ip, ip_size(a)) == 0;
}

bool sip_sockaddr_equal(const sip_sockaddr *a, const sip_sockaddr *b) {
  return a->port == b->port && sip_sockaddr_equal_ip(a, b);
}

static bool is_mapped(const sip_sockaddr *address) {
  static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
  return address->family == 6 && memcmp(address->ip, prefix, sizeof prefix) == 0;
}

void sip_sockaddr_canonicalise(sip_sockaddr *address) {
  if (!is_mapped(address)) return;
  memmove(address->ip, address->ip + 12, IPV4_PARTS);
  memset(address->ip + IPV4_PARTS, 0, 12);
  address->family = 4;
  address->scope = 0;
}

bool sip_sockaddr_is_any(const sip_sockaddr *address) {
  static const uint8_t zero[16] = {0};
  return address->family != 0 && memcmp(address->ip, zero, ip_size(address)) == 0;
}

static void write_ipv4(const uint8_t *ip, sip_buffer *out) {
  for (int i = 0; i < IPV4_PARTS; i++) {
    if (i > 0) sip_buffer_add_char(out, '.');
    sip_buffer_add_number(out, ip[i]);
  }
}

static unsigned group_at(const uint8_t *ip, int i) {
  return (unsigned)(ip[2 * i] << 8 | ip[2 * i + 1]);
}

/* The first longest run of two or more zero groups (RFC 5952 4.2). */
static int longest_zeros(const uint8_t *ip, int *len) {
  int best = NO_GAP;
  *len = 1;
  for (int from = 0; from < IPV6_GROUPS; from++) {
    int to = from;
    while (to < IPV6_GROUPS && group_at(ip, to) == 0) to++;
    if (to - from > *len) {
      best = from;
      *len = to - from;
    }
    if (to > from) from = to;
  }
  return best;
}

static void write_group(unsigned group, sip_buffer *out) {
  static const char digits[] = "0123456789abcdef";
  for (int shift = 12; shift >= 0; shift -= 4) {
    if (group >> shift || shift == 0) sip_buffer_add_char(out, digits[group >> shift & 15]);
  }
}

static void write_ipv6(const sip_sockaddr *address, sip_buffer *out) {
  if (is_mapped(address)) { /* RFC 5952 5 */
    SIP_BUFFER_ADD(out, "::ffff:");
    write_ipv4(address->ip + 12, out);
    return;
  }
  int run, gap = longest_zeros(address->ip, &run);
  for (int i = 0; i < IPV6_GROUPS; i++) {
    if (i == gap) {
      SIP_BUFFER_ADD(out, "::");
      i += run - 1;
      continue;
    }
    if (i > 0 && i != gap + run) sip_buffer_add_char(out, ':');
    write_group(group_at(address->ip, i), out);
  }
}

void sip_sockaddr_write_ip(const sip_sockaddr *address, sip_buffer *out) {
  if (address->family == 4) write_ipv4(address->ip, out);
  if (address->family == 6) write_ipv6(address, out);
}

void sip_sockaddr_write_host(const sip_sockaddr *address, sip_buffer *out) {
  if (address->family == 6) sip_buffer_add_char(out, '[');
  sip_sockaddr_write_ip(address, out);
  if (address->family == 6) sip_buffer_add_char(out, ']');
}

void sip_sockaddr_write(const sip_sockaddr *address, sip_buffer *out) {
  sip_sockaddr_write_host(address, out);
  sip_buffer_add_char(out, ':');
  sip_buffer_add_number(out, address->port);
}

uint64_t sip_sockaddr_hash(sip_hash_key key, const sip_sockaddr *address) {
  char bytes[23];
  memcpy(bytes, address->ip, 16);
  memcpy(bytes + 16, &address->scope, 4);
  memcpy(bytes + 20, &address->port, 2);
  bytes[22] = (char)address->family;
  size_t unused = 16 - ip_size(address);
  memset(bytes + 16 - unused, 0, unused);
  return sip_hash(key, sip_str_make(bytes, sizeof bytes));
}
