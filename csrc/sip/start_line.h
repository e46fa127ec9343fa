/* SPDX-License-Identifier: MIT
 *
 * Request-Line and Status-Line (RFC 3261 7.1, 7.2).
 */
#ifndef MOONSIP_SIP_START_LINE_H
#define MOONSIP_SIP_START_LINE_H

#include "sip/message.h"

/* Fills the start-line fields of the message from the line at the cursor, which
 * has no CRLF. 0, SIP_E_START_LINE, SIP_E_VERSION, SIP_E_URI or SIP_E_LIMIT
 * (parameters of the URI) with the cursor at the byte. */
int sip_scan_start_line(sip_scan *scan, sip_message *message, const sip_limits *limits);

/* Request-URI, all up to the cursor's end: no headers (RFC 3261 19.1.1 table), at
 * most so many parameters. 0, SIP_E_URI or SIP_E_LIMIT. */
int sip_scan_request_uri(sip_scan *scan, const sip_limits *limits, sip_uri *out);

/* How many parameters the URI has. */
size_t sip_uri_param_count(const sip_uri *uri);

#endif
