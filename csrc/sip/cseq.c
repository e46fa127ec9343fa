/* SPDX-License-Identifier: MIT
 *
 * Numbers with a method behind them.
 */
#include "sip/cseq.h"

#include "base/error.h"

enum { CSEQ_MAX = INT32_MAX }; /* 8.1.1.5: less than 2**31 */

/* 1*DIGIT LWS, or the error that it is. */
static inline int scan_number(sip_scan *scan, uint32_t max, uint32_t *out) {
  const char *from = scan->at;
  uint64_t number = 0;
  if (!sip_scan_number(scan, max, &number)) {
    bool too_large = scan->at > from;
    scan->at = from;
    return too_large ? SIP_E_NUMBER : SIP_E_HEADER;
  }
  *out = (uint32_t)number;
  return sip_scan_gap(scan) ? 0 : SIP_E_HEADER;
}

int sip_scan_cseq(sip_scan *scan, sip_cseq *out) {
  *out = (sip_cseq){0};
  sip_scan local = *scan;
  sip_scan_space(&local);
  int error = scan_number(&local, CSEQ_MAX, &out->number);
  if (!error && !sip_scan_token(&local, &out->method_text)) error = SIP_E_HEADER;
  if (!error && !sip_scan_finish(&local)) error = SIP_E_HEADER;
  *scan = local;
  if (!error) out->method = sip_method_parse(out->method_text);
  return error;
}

int sip_cseq_parse(sip_str value, sip_cseq *out) {
  sip_scan scan = sip_scan_over(value);
  return sip_scan_cseq(&scan, out);
}

int sip_rack_parse(sip_str value, sip_rack *out) {
  *out = (sip_rack){0};
  sip_scan scan = sip_scan_over(value);
  sip_scan_space(&scan);
  int error = scan_number(&scan, UINT32_MAX, &out->rseq);
  if (error) return error;
  if (out->rseq == 0) return SIP_E_NUMBER; /* RFC 3262 7.1: 1 to 2**32-1 */
  return sip_scan_cseq(&scan, &out->cseq);
}
