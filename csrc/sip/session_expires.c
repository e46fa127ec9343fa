/* SPDX-License-Identifier: MIT
 *
 * delta-seconds *( SEMI se-params )
 */
#include "sip/session_expires.h"

#include "base/error.h"
#include "sip/seconds.h"

int sip_min_se_parse(sip_str value, sip_session_expires *out) {
  *out = (sip_session_expires){0};
  sip_scan scan = sip_scan_over(value);
  sip_scan_space(&scan);
  int error = sip_scan_seconds(&scan, &out->seconds);
  if (error) return error;
  return sip_scan_params(&scan, &out->params) && sip_scan_finish(&scan) ? 0 : SIP_E_HEADER;
}

int sip_session_expires_parse(sip_str value, sip_session_expires *out) {
  int error = sip_min_se_parse(value, out);
  sip_param refresher;
  if (error || !sip_param_find(out->params, SIP_STR("refresher"), &refresher)) return error;
  if (sip_str_equal_nocase(refresher.value, SIP_STR("uac"))) {
    out->refresher = SIP_REFRESHER_UAC;
  } else if (sip_str_equal_nocase(refresher.value, SIP_STR("uas"))) {
    out->refresher = SIP_REFRESHER_UAS;
  } else {
    return SIP_E_HEADER;
  }
  return 0;
}
