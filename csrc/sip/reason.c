/* SPDX-License-Identifier: MIT
 *
 * protocol *( SEMI reason-params )
 */
#include "sip/reason.h"

#include "base/error.h"
#include "sip/seconds.h"

int sip_reason_parse(sip_str value, sip_reason *out) {
  *out = (sip_reason){0};
  sip_scan scan = sip_scan_over(value);
  sip_scan_space(&scan);
  if (!sip_scan_token(&scan, &out->protocol) || !sip_scan_params(&scan, &out->params) ||
      !sip_scan_finish(&scan)) {
    return SIP_E_HEADER;
  }
  sip_param param;
  if (sip_param_find(out->params, SIP_STR("text"), &param)) {
    if (param.value.len == 0 || param.value.ptr[0] != '"') return SIP_E_HEADER;
    out->text = param.value;
  }
  out->has_cause = sip_param_find(out->params, SIP_STR("cause"), &param);
  return out->has_cause ? sip_seconds_parse(param.value, &out->cause) : 0;
}
