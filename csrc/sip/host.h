/* SPDX-License-Identifier: MIT
 *
 * host and port as URIs, Via and Warning have them (RFC 3261 25.1 hostport).
 */
#ifndef MOONSIP_SIP_HOST_H
#define MOONSIP_SIP_HOST_H

#include "sip/scan.h"

/* host = hostname / IPv4address / IPv6reference; *out has the brackets. */
bool sip_scan_host(sip_scan *scan, sip_str *out);

/* port = 1*DIGIT, 1 to 65535: port 0 cannot be sent to. */
bool sip_scan_port(sip_scan *scan, uint16_t *out);

/* Equal as hosts: names without case (a dot at the end does not count), IP
 * literals by what they mean. */
bool sip_host_equal(sip_str a, sip_str b);

#endif
