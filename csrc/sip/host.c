/* SPDX-License-Identifier: MIT
 *
 * What begins with a digit may be an IPv4 address. Else the last label begins with
 * a letter (toplabel), so that a malformed address is no name.
 */
#include "sip/host.h"

#include "base/sockaddr.h"

static bool scan_ipv6(sip_scan *scan, sip_str *out) {
  const char *from = scan->at;
  const char *close = memchr(from, ']', (size_t)(scan->end - from));
  if (!close) return false;
  sip_sockaddr address;
  *out = sip_str_between(from, close + 1);
  if (!sip_sockaddr_parse(*out, 0, &address)) return false;
  scan->at = close + 1;
  return true;
}

/* A hyphen stands between letters and digits of one label, a dot behind them. */
static bool misplaced(const char *at, const char *from, const char *end) {
  bool after_alnum = at > from && at[-1] != '.' && at[-1] != '-';
  if (*at == '.') return !after_alnum;
  bool before_more = at + 1 < end && at[1] != '.' && sip_char_is(at[1], SIP_CHAR_HOST);
  return (at == from || at[-1] == '.') || !before_more;
}

/* hostname = *( domainlabel "." ) toplabel [ "." ] */
static bool scan_name(sip_scan *scan, sip_str *out) {
  const char *from = scan->at, *top = from;
  for (; scan->at < scan->end && sip_char_is(*scan->at, SIP_CHAR_HOST); scan->at++) {
    char c = *scan->at;
    if (c != '.' && c != '-') continue;
    if (misplaced(scan->at, from, scan->end)) return false;
    bool more = scan->at + 1 < scan->end && sip_char_is(scan->at[1], SIP_CHAR_HOST);
    if (c == '.' && more) top = scan->at + 1;
  }
  *out = sip_str_between(from, scan->at);
  if (out->len == 0) return false;
  if (!sip_char_is(*top, SIP_CHAR_DIGIT)) return true;
  scan->at = from;
  return false;
}

bool sip_scan_host(sip_scan *scan, sip_str *out) {
  char first = sip_scan_peek(scan);
  if (first == '[') return scan_ipv6(scan, out);
  if (sip_char_is(first, SIP_CHAR_DIGIT)) {
    size_t len = sip_ipv4_len(scan->at, scan->end);
    bool whole =
        len > 0 && (scan->at + len == scan->end || !sip_char_is(scan->at[len], SIP_CHAR_HOST));
    if (whole) {
      *out = sip_str_make(scan->at, len);
      scan->at += len;
      return true;
    }
  }
  return scan_name(scan, out);
}

bool sip_scan_port(sip_scan *scan, uint16_t *out) {
  const char *from = scan->at;
  uint64_t port;
  if (!sip_scan_number(scan, UINT16_MAX, &port) || port == 0) {
    scan->at = from;
    return false;
  }
  *out = (uint16_t)port;
  return true;
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
