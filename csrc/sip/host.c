/* SPDX-License-Identifier: MIT
 *
 * Host names are told from IPv4 addresses by their last label, which begins
 * with a letter in a name (toplabel) and with a digit in an address.
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

/* One label: letters, digits and inner hyphens. */
static bool scan_label(sip_scan *scan) {
  const char *from = scan->at;
  while (scan->at < scan->end && *scan->at != '.' && sip_char_is(*scan->at, SIP_CHAR_HOST)) {
    scan->at++;
  }
  return scan->at > from && *from != '-' && scan->at[-1] != '-';
}

bool sip_scan_host(sip_scan *scan, sip_str *out) {
  if (sip_scan_peek(scan) == '[') return scan_ipv6(scan, out);
  const char *from = scan->at, *top = from;
  do {
    const char *label = scan->at;
    if (!scan_label(scan)) {
      if (scan->at > label || label == from) return false;
      break; /* the dot at the end */
    }
    top = label;
  } while (sip_scan_char(scan, '.'));
  *out = sip_str_between(from, scan->at);
  if (!sip_char_is(*top, SIP_CHAR_DIGIT)) return true;
  sip_sockaddr address;
  if (sip_sockaddr_parse(*out, 0, &address)) return true;
  scan->at = from;
  return false;
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
