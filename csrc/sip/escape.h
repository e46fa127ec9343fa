/* SPDX-License-Identifier: MIT
 *
 * Percent-encoding in URIs (RFC 3261 19.1.2, 25.1 escaped).
 */
#ifndef MOONSIP_SIP_ESCAPE_H
#define MOONSIP_SIP_ESCAPE_H

#include "base/buffer.h"
#include "sip/scan.h"

/* True when "%" HEXDIG HEXDIG begins at `at`. */
static inline bool sip_escape_at(const char *at, const char *end) {
  return end - at >= 3 && at[0] == '%' && sip_char_is(at[1], SIP_CHAR_HEX) &&
         sip_char_is(at[2], SIP_CHAR_HEX);
}

/* *( byte of the classes / escaped ), where SIP_CHAR_HOST is part of the classes.
 * Stops at the first byte that is neither, which is a "%" when its two digits are
 * missing. */
static inline sip_str sip_scan_escaped(sip_scan *scan, unsigned classes) {
  const char *from = scan->at, *at = from;
  while ((at = sip_skip_host(at, scan->end, scan->limit)) < scan->end) {
    if (sip_char_is(*at, classes)) {
      at++;
    } else if (sip_escape_at(at, scan->end)) {
      at += 3;
    } else {
      break;
    }
  }
  scan->at = at;
  return sip_str_between(from, at);
}

/* %xx undone; SIP_E_URI for a "%" without two hex digits. */
int sip_unescape(sip_str text, sip_buffer *out);
/* Bytes outside `classes` of base/chars.h become %XX. */
void sip_escape(sip_str text, unsigned classes, sip_buffer *out);

/* Equal when "%xx" of anything but a reserved character counts as that
 * character (19.1.4). */
bool sip_escaped_equal(sip_str a, sip_str b, bool case_matters);

#endif
