/* SPDX-License-Identifier: MIT
 *
 * Parameters: ";name=value" of header fields (RFC 3261 25.1 generic-param) and
 * of URIs (uri-parameter). A cursor over them; nothing is stored.
 */
#ifndef MOONSIP_SIP_PARAM_H
#define MOONSIP_SIP_PARAM_H

#include "base/buffer.h"
#include "base/str.h"

typedef struct sip_param {
  sip_str name;
  sip_str value; /* quotes kept for a quoted string; len 0 without "=" */
  bool has_value;
} sip_param;

/* The next of `*rest`, which begins with ";" (or is empty or blank at the end).
 * 1 and *rest moved on, 0 at the end, SIP_E_HEADER when malformed. */
int sip_param_next(sip_str *rest, sip_param *out);

/* By name, without case; false when absent or the list is malformed before it. */
bool sip_param_find(sip_str params, sip_str name, sip_param *out);

/* The text inside a quoted string, with quoted pairs undone; other text as it is. */
void sip_unquote(sip_str value, sip_buffer *out);
/* As a quoted string. SIP_E_INJECTION for CR, LF and NUL. */
int sip_quote(sip_str text, sip_buffer *out);

#endif
