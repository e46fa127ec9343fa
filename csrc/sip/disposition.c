/* SPDX-License-Identifier: MIT
 *
 * disp-type *( SEMI disp-param )
 */
#include "sip/disposition.h"

#include "base/error.h"

int sip_disposition_parse(sip_str value, sip_disposition *out) {
  *out = (sip_disposition){0};
  sip_scan scan = sip_scan_over(value);
  sip_scan_space(&scan);
  if (!sip_scan_token(&scan, &out->type) || !sip_scan_params(&scan, &out->params) ||
      !sip_scan_finish(&scan)) {
    return SIP_E_HEADER;
  }
  sip_param handling;
  if (!sip_param_find(out->params, SIP_STR("handling"), &handling)) return 0;
  if (handling.value.len == 0 || handling.value.ptr[0] == '"') return SIP_E_HEADER;
  out->optional = sip_str_equal_nocase(handling.value, SIP_STR("optional"));
  return 0;
}
