/* SPDX-License-Identifier: MIT
 *
 * 1*DIGIT, 0 to 2**32-1.
 */
#include "sip/seconds.h"

#include "base/error.h"

int sip_scan_seconds(sip_scan *scan, uint32_t *out) {
  const char *from = scan->at;
  uint64_t number = 0;
  bool fits = sip_scan_number(scan, UINT32_MAX, &number);
  *out = (uint32_t)number;
  if (fits) return 0;
  return scan->at > from ? SIP_E_NUMBER : SIP_E_HEADER;
}

int sip_seconds_parse(sip_str value, uint32_t *out) {
  sip_scan scan = sip_scan_over(value);
  sip_scan_space(&scan);
  int error = sip_scan_seconds(&scan, out);
  if (error == SIP_E_HEADER) return error;
  return sip_scan_finish(&scan) ? error : SIP_E_HEADER;
}
