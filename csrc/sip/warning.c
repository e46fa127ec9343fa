/* SPDX-License-Identifier: MIT
 *
 * warn-code SP warn-agent SP warn-text
 */
#include "sip/warning.h"

#include "base/error.h"
#include "sip/host.h"

enum { CODE_DIGITS = 3 };

static bool scan_code(sip_scan *scan, uint16_t *out) {
  sip_str digits;
  uint64_t code;
  if (!sip_scan_run(scan, SIP_CHAR_DIGIT, &digits) || digits.len != CODE_DIGITS) return false;
  sip_str_to_number(digits, UINT16_MAX, &code);
  *out = (uint16_t)code;
  return true;
}

/* hostport / pseudonym. A pseudonym is any token, so host names are too. */
static bool scan_agent(sip_scan *scan, sip_str *out) {
  const char *from = scan->at;
  sip_str part;
  uint16_t port;
  bool matches = sip_scan_token(scan, &part) || sip_scan_host(scan, &part);
  if (matches && sip_scan_char(scan, ':')) matches = sip_scan_port(scan, &port);
  *out = sip_str_between(from, scan->at);
  return matches;
}

int sip_warning_parse(sip_str value, sip_warning *out) {
  *out = (sip_warning){0};
  sip_scan scan = sip_scan_over(value);
  sip_scan_space(&scan);
  bool matches = scan_code(&scan, &out->code) && sip_scan_gap(&scan) &&
                 scan_agent(&scan, &out->agent) && sip_scan_gap(&scan) &&
                 sip_scan_quoted(&scan, &out->text) && sip_scan_finish(&scan);
  return matches ? 0 : SIP_E_HEADER;
}
