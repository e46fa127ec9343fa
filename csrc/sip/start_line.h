/* SPDX-License-Identifier: MIT
 *
 * Request-Line and Status-Line (RFC 3261 7.1, 7.2).
 */
#ifndef MOONSIP_SIP_START_LINE_H
#define MOONSIP_SIP_START_LINE_H

#include "sip/message.h"

/* Fills the start-line fields of the message from the line without its CRLF.
 * 0, SIP_E_START_LINE, SIP_E_VERSION, SIP_E_URI or SIP_E_TOO_LARGE (parameters of
 * the URI); *error_at is the byte. */
int sip_start_line_parse(sip_message *message, sip_str line, const sip_limits *limits,
                         const char **error_at);

/* Request-URI: no headers (RFC 3261 19.1.1 table), at most so many parameters. */
int sip_request_uri_parse(sip_str text, const sip_limits *limits, sip_uri *out, size_t *error_at);

/* How many parameters the URI has. */
size_t sip_uri_param_count(const sip_uri *uri);

#endif
