/* SPDX-License-Identifier: MIT
 *
 * What begins with a digit may be an IPv4 address. Else the last label begins with
 * a letter (toplabel), so that a malformed address is no name.
 */
#include "sip/host.h"

#include "base/sockaddr.h"

static const char *skip_ipv6(const char *at, const char *end) {
  const char *close = memchr(at, ']', (size_t)(end - at));
  sip_sockaddr address;
  if (!close || !sip_sockaddr_parse(sip_str_between(at, close + 1), 0, &address)) return NULL;
  return close + 1;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* A hyphen is inside a label, and no label is empty but behind a dot at the end. */
static bool labels_are_sound(const char *at, const char *end) {
  for (char before = '.'; at < end; before = *at++) {
    bool after_alnum = before != '.' && before != '-';
    if ((*at == '.' && !after_alnum) || (*at == '-' && before == '.')) return false;
  }
  return end[-1] != '-';
}

static const char *last_label(const char *at, const char *end) {
  const char *top = end - (end[-1] == '.');
  while (top > at && top[-1] != '.') top--;
  return top;
}

/* Letters, digits, hyphens and dots, which [at, end) is, as a host. */
static bool is_host(const char *at, const char *end) {
  if (is_digit(*at) && sip_ipv4_len(at, end) == (size_t)(end - at)) return true;
  return labels_are_sound(at, end) && !is_digit(*last_label(at, end));
}

#ifdef __SSE2__
/* One bit per byte of a block that begins a host, for its len bytes. */
typedef struct host_bits {
  unsigned all, dots, hyphens, digits;
} host_bits;

static host_bits bits_of(__m128i block, unsigned len) {
  unsigned all = (1U << len) - 1;
  return (host_bits){
      .all = all,
      .dots = (unsigned)_mm_movemask_epi8(sip_block_byte(block, '.')) & all,
      .hyphens = (unsigned)_mm_movemask_epi8(sip_block_byte(block, '-')) & all,
      .digits = (unsigned)_mm_movemask_epi8(sip_block_range(block, '0', '9' - '0')) & all};
}

static bool is_octet(const char *at, unsigned len) {
  if (len == 1) return true;
  if (at[0] == '0' || len > 3) return false;
  return len == 2 || memcmp(at, "255", 3) <= 0;
}

/* Digits in three dots, none of which is misplaced: one label after the other. */
static bool is_short_ipv4(const char *at, const host_bits *bits) {
  unsigned ends = bits->dots | (bits->all + 1), from = 0;
  for (int part = 0; part < 4; part++, ends &= ends - 1) {
    if (ends == 0) return false;
    unsigned to = (unsigned)__builtin_ctz(ends);
    if (!is_octet(at + from, to - from)) return false;
    from = to + 1;
  }
  return ends == 0;
}

/* is_host for at most fifteen bytes of a block. */
static bool is_short_host(__m128i block, const char *at, unsigned len) {
  host_bits bits = bits_of(block, len);
  unsigned starts = (bits.dots << 1 | 1) & bits.all; /* of labels */
  unsigned bad = (starts & (bits.dots | bits.hyphens)) | (bits.dots & bits.hyphens << 1) |
                 bits.hyphens >> (len - 1);
  if (bad) return false;
  if ((bits.digits | bits.dots) == bits.all) return is_short_ipv4(at, &bits);
  const char *top = at + (31 - __builtin_clz(starts));
  return !is_digit(*top);
}
#endif

const char *sip_skip_host_rule(const char *at, const char *end, const char *limit) {
  if (at == end) return NULL;
  if (*at == '[') return skip_ipv6(at, end);
#ifdef __SSE2__
  if (limit - at >= SIP_BLOCK) {
    __m128i block = sip_block_at(at);
    unsigned others = sip_block_not_host(block);
    size_t len = others ? (size_t)__builtin_ctz(others) : SIP_BLOCK;
    if ((size_t)(end - at) < len) len = (size_t)(end - at);
    if (len == 0) return NULL;
    if (len < SIP_BLOCK) return is_short_host(block, at, (unsigned)len) ? at + len : NULL;
  }
#endif
  const char *behind = sip_skip_host(at, end, limit);
  return behind > at && is_host(at, behind) ? behind : NULL;
}

static sip_str without_dot(sip_str host) {
  if (host.len > 1 && host.ptr[host.len - 1] == '.') host.len--;
  return host;
}

bool sip_host_equal(sip_str a, sip_str b) {
  if (sip_str_equal_nocase(without_dot(a), without_dot(b))) return true;
  sip_sockaddr x, y;
  return sip_sockaddr_parse(a, 0, &x) && sip_sockaddr_parse(b, 0, &y) &&
         sip_sockaddr_equal_ip(&x, &y);
}
