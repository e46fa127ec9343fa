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

/* Behind the gen-value with a colon or a bracket in it that begins at `from`, NULL
 * when it is no IP address. RFC 5118 4.5: "received" may be an IPv6 address with or
 * without brackets. */
const char *sip_skip_ipv6_value(const char *from, const char *end, sip_str param_name);

/* gen-value = token / host / quoted-string */
static inline bool sip_scan_param_value(sip_scan *scan, sip_param *out) {
  const char *from = scan->at;
  if (sip_scan_peek(scan) == '"') return sip_scan_quoted(scan, &out->value);
  bool token = sip_scan_token(scan, &out->value);
  char next = sip_scan_peek(scan);
  if (next != '[' && next != ':') return token;
  const char *behind = sip_skip_ipv6_value(from, scan->end, out->name);
  if (!behind) return false;
  out->value = sip_str_between(from, behind);
  scan->at = behind;
  return true;
}

/* generic-param at the cursor: token [ EQUAL gen-value ] */
static inline bool sip_scan_param(sip_scan *scan, sip_param *out) {
  *out = (sip_param){0};
  if (!sip_scan_token(scan, &out->name)) return false;
  if (sip_scan_peek(scan) != '=') { /* space around it is rare */
    const char *name_end = scan->at;
    sip_scan_space(scan);
    if (sip_scan_peek(scan) != '=') {
      scan->at = name_end; /* the space belongs to what follows */
      return true;
    }
  }
  scan->at++;
  sip_scan_space(scan);
  out->has_value = true;
  return sip_scan_param_value(scan, out);
}

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
