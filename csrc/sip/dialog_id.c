/* SPDX-License-Identifier: MIT
 *
 * callid *( SEMI param )
 */
#include "sip/dialog_id.h"

#include "base/error.h"

bool sip_scan_call_id(sip_scan *scan, sip_str *out) {
  const char *from = scan->at;
  sip_str word;
  if (!sip_scan_wide_run(scan, SIP_CHAR_WORD, &word)) return false;
  if (sip_scan_char(scan, '@') && !sip_scan_wide_run(scan, SIP_CHAR_WORD, &word)) return false;
  *out = sip_str_between(from, scan->at);
  return true;
}

static bool take_tag(const sip_param *param, sip_str name, sip_str *out) {
  if (!sip_str_equal_nocase(param->name, name)) return true;
  if (out->len > 0 || param->value.len == 0 || param->value.ptr[0] == '"') return false;
  *out = param->value;
  return true;
}

static int parse(sip_str value, sip_str to_name, sip_str from_name, sip_dialog_id *out) {
  *out = (sip_dialog_id){0};
  sip_scan scan = sip_scan_over(value);
  sip_scan_space(&scan);
  if (!sip_scan_call_id(&scan, &out->call_id) || !sip_scan_params(&scan, &out->params) ||
      !sip_scan_finish(&scan)) {
    return SIP_E_HEADER;
  }
  sip_str rest = out->params;
  sip_param param;
  while (sip_param_next(&rest, &param) == 1) {
    if (!take_tag(&param, to_name, &out->to_tag)) return SIP_E_HEADER;
    if (!take_tag(&param, from_name, &out->from_tag)) return SIP_E_HEADER;
    if (sip_str_equal_nocase(param.name, SIP_STR("early-only"))) out->early_only = true;
  }
  return out->to_tag.len > 0 && out->from_tag.len > 0 ? 0 : SIP_E_HEADER;
}

int sip_replaces_parse(sip_str value, sip_dialog_id *out) {
  return parse(value, SIP_STR("to-tag"), SIP_STR("from-tag"), out);
}

int sip_target_dialog_parse(sip_str value, sip_dialog_id *out) {
  return parse(value, SIP_STR("local-tag"), SIP_STR("remote-tag"), out);
}
