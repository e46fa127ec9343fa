/* SPDX-License-Identifier: MIT
 *
 * event-package *( "." event-template ) *( SEMI event-param )
 */
#include "sip/event_package.h"

#include "base/error.h"

/* Tokens with single dots between them. */
static bool scan_type(sip_scan *scan, sip_str *out) {
  if (!sip_scan_token(scan, out)) return false;
  bool after_dot = true;
  for (size_t i = 0; i < out->len; i++) {
    bool dot = out->ptr[i] == '.';
    if (dot && after_dot) return false;
    after_dot = dot;
  }
  return !after_dot;
}

int sip_event_type_parse(sip_str value, sip_str *out) {
  sip_scan scan = sip_scan_over(value);
  sip_scan_space(&scan);
  return scan_type(&scan, out) && sip_scan_finish(&scan) ? 0 : SIP_E_HEADER;
}

int sip_event_package_parse(sip_str value, sip_event_package *out) {
  *out = (sip_event_package){0};
  sip_scan scan = sip_scan_over(value);
  sip_scan_space(&scan);
  if (!scan_type(&scan, &out->type) || !sip_scan_params(&scan, &out->params) ||
      !sip_scan_finish(&scan)) {
    return SIP_E_HEADER;
  }
  sip_param id;
  if (!sip_param_find(out->params, SIP_STR("id"), &id)) return 0;
  if (id.value.len == 0 || id.value.ptr[0] == '"') return SIP_E_HEADER;
  out->id = id.value;
  return 0;
}

bool sip_event_package_equal(const sip_event_package *a, const sip_event_package *b) {
  return sip_str_equal(a->type, b->type) && sip_str_equal(a->id, b->id);
}
