/* SPDX-License-Identifier: MIT
 *
 * 1*DIGIT [ "." *DIGIT ] [ LWS *DIGIT [ "." *DIGIT ] ]
 */
#include "sip/timestamp.h"

#include "base/error.h"

static sip_str scan_decimal(sip_scan *scan, bool *has_digits) {
  const char *from = scan->at;
  sip_str digits;
  *has_digits = sip_scan_run(scan, SIP_CHAR_DIGIT, &digits);
  if (sip_scan_char(scan, '.')) sip_scan_run(scan, SIP_CHAR_DIGIT, &digits);
  return sip_str_between(from, scan->at);
}

int sip_timestamp_parse(sip_str value, sip_timestamp *out) {
  *out = (sip_timestamp){0};
  sip_scan scan = sip_scan_over(value);
  sip_scan_space(&scan);
  bool has_digits;
  out->time = scan_decimal(&scan, &has_digits);
  if (!has_digits) return SIP_E_HEADER;
  if (sip_scan_gap(&scan)) out->delay = scan_decimal(&scan, &has_digits);
  return sip_scan_finish(&scan) ? 0 : SIP_E_HEADER;
}
