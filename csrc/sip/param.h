/* SPDX-License-Identifier: MIT
 *
 * Parameters of header fields: ";name=value" (RFC 3261 25.1 generic-param). A
 * cursor over them; nothing is stored. Those of URIs have their own grammar and
 * are in uri.h.
 */
#ifndef MOONSIP_SIP_PARAM_H
#define MOONSIP_SIP_PARAM_H

#include "base/buffer.h"
#include "base/str.h"
#include "sip/scan.h"

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

/* generic-param at the cursor: token [ EQUAL gen-value ]. A gen-value is a token,
 * a host or a quoted string. RFC 5118 4.5: "received" may be an IPv6 address
 * with or without brackets. */
bool sip_scan_param(sip_scan *scan, sip_param *out);

/* *( SEMI generic-param ), up to what cannot be one. *out has the first ";" and is
 * empty when there is none. False when a ";" is followed by no parameter. */
bool sip_scan_params(sip_scan *scan, sip_str *out);

/* The text inside a quoted string, with quoted pairs undone, or other text; folds
 * become one space (7.3.1). */
void sip_unquote(sip_str value, sip_buffer *out);
/* Every fold, with the space around it, as one space (7.3.1). */
void sip_unfold(sip_str value, sip_buffer *out);
/* As a quoted string. SIP_E_INJECTION for CR, LF and NUL. */
int sip_quote(sip_str text, sip_buffer *out);

#endif
