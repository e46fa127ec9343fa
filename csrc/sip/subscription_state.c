/* SPDX-License-Identifier: MIT
 *
 * substate-value *( SEMI subexp-params )
 */
#include "sip/subscription_state.h"

#include "base/error.h"
#include "sip/seconds.h"

static sip_substate state_of(sip_str text) {
  if (sip_str_equal_nocase(text, SIP_STR("active"))) return SIP_SUBSTATE_ACTIVE;
  if (sip_str_equal_nocase(text, SIP_STR("pending"))) return SIP_SUBSTATE_PENDING;
  if (sip_str_equal_nocase(text, SIP_STR("terminated"))) return SIP_SUBSTATE_TERMINATED;
  return SIP_SUBSTATE_OTHER;
}

static int take_seconds(sip_str params, sip_str name, uint32_t *out, bool *there) {
  sip_param param;
  *there = sip_param_find(params, name, &param);
  return *there ? sip_seconds_parse(param.value, out) : 0;
}

int sip_subscription_state_parse(sip_str value, sip_subscription_state *out) {
  *out = (sip_subscription_state){0};
  sip_scan scan = sip_scan_over(value);
  sip_scan_space(&scan);
  if (!sip_scan_token(&scan, &out->state_text) || !sip_scan_params(&scan, &out->params) ||
      !sip_scan_finish(&scan)) {
    return SIP_E_HEADER;
  }
  out->state = state_of(out->state_text);
  sip_param reason;
  if (sip_param_find(out->params, SIP_STR("reason"), &reason)) out->reason = reason.value;
  int error = take_seconds(out->params, SIP_STR("expires"), &out->expires, &out->has_expires);
  if (error) return error;
  return take_seconds(out->params, SIP_STR("retry-after"), &out->retry_after,
                      &out->has_retry_after);
}
