/* SPDX-License-Identifier: MIT
 *
 * host and port as URIs, Via and Warning have them (RFC 3261 25.1 hostport).
 */
#ifndef MOONSIP_SIP_HOST_H
#define MOONSIP_SIP_HOST_H

#include "sip/scan.h"

/* Behind the host that begins at `at`, or NULL. */
const char *sip_skip_host_rule(const char *at, const char *end, const char *limit);

/* host = hostname / IPv4address / IPv6reference; *out has the brackets. */
static inline bool sip_scan_host(sip_scan *scan, sip_str *out) {
  const char *end = sip_skip_host_rule(scan->at, scan->end, scan->limit);
  if (!end) return false;
  *out = sip_str_between(scan->at, end);
  scan->at = end;
  return true;
}

/* port = 1*DIGIT, 1 to 65535: port 0 cannot be sent to. */
static inline bool sip_scan_port(sip_scan *scan, uint16_t *out) {
  const char *from = scan->at;
  uint64_t port;
  if (!sip_scan_number(scan, UINT16_MAX, &port) || port == 0) {
    scan->at = from;
    return false;
  }
  *out = (uint16_t)port;
  return true;
}

/* Equal as hosts: names without case (a dot at the end does not count), IP
 * literals by what they mean. */
bool sip_host_equal(sip_str a, sip_str b);

#endif
