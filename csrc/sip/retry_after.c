/* SPDX-License-Identifier: MIT
 *
 * delta-seconds [ comment ] *( SEMI retry-param )
 */
#include "sip/retry_after.h"

#include "base/error.h"
#include "sip/seconds.h"

int sip_retry_after_parse(sip_str value, sip_retry_after *out) {
  *out = (sip_retry_after){0};
  sip_scan scan = sip_scan_over(value);
  sip_scan_space(&scan);
  int error = sip_scan_seconds(&scan, &out->seconds);
  if (error) return error;
  sip_scan_space(&scan);
  if (sip_scan_peek(&scan) == '(' && !sip_scan_comment(&scan, &out->comment)) return SIP_E_HEADER;
  if (!sip_scan_params(&scan, &out->params) || !sip_scan_finish(&scan)) return SIP_E_HEADER;
  sip_param duration;
  out->has_duration = sip_param_find(out->params, SIP_STR("duration"), &duration);
  return out->has_duration ? sip_seconds_parse(duration.value, &out->duration) : 0;
}
