/* SPDX-License-Identifier: MIT
 *
 * From a header's name to the parser of its value.
 */
#include "sip/value.h"

#include "base/error.h"
#include "sip/date.h"
#include "sip/seconds.h"

/* Where no line is, the grammar is text, or is looked at by nobody. */
static const uint8_t kinds[SIP_HEADER_COUNT] = {
    [SIP_HEADER_ACCEPT] = SIP_VALUE_ACCEPT,
    [SIP_HEADER_ACCEPT_CONTACT] = SIP_VALUE_TAGGED,
    [SIP_HEADER_ACCEPT_ENCODING] = SIP_VALUE_ACCEPT_ENCODING,
    [SIP_HEADER_ACCEPT_LANGUAGE] = SIP_VALUE_ACCEPT_LANGUAGE,
    [SIP_HEADER_ACCEPT_RESOURCE_PRIORITY] = SIP_VALUE_TOKEN,
    [SIP_HEADER_ALERT_INFO] = SIP_VALUE_INFO,
    [SIP_HEADER_ALLOW] = SIP_VALUE_TOKEN,
    [SIP_HEADER_ALLOW_EVENTS] = SIP_VALUE_EVENT_TYPE,
    [SIP_HEADER_ANSWER_MODE] = SIP_VALUE_TAGGED,
    [SIP_HEADER_AUTHENTICATION_INFO] = SIP_VALUE_AUTH_PARAM,
    [SIP_HEADER_AUTHORIZATION] = SIP_VALUE_AUTH,
    [SIP_HEADER_CALL_ID] = SIP_VALUE_CALL_ID,
    [SIP_HEADER_CALL_INFO] = SIP_VALUE_INFO,
    [SIP_HEADER_CONTACT] = SIP_VALUE_ADDRESS,
    [SIP_HEADER_CONTENT_DISPOSITION] = SIP_VALUE_DISPOSITION,
    [SIP_HEADER_CONTENT_ENCODING] = SIP_VALUE_TOKEN,
    [SIP_HEADER_CONTENT_LANGUAGE] = SIP_VALUE_LANGUAGE,
    [SIP_HEADER_CONTENT_LENGTH] = SIP_VALUE_NUMBER,
    [SIP_HEADER_CONTENT_TYPE] = SIP_VALUE_MEDIA_TYPE,
    [SIP_HEADER_CSEQ] = SIP_VALUE_CSEQ,
    [SIP_HEADER_DATE] = SIP_VALUE_DATE,
    [SIP_HEADER_DIVERSION] = SIP_VALUE_NAME_ADDR,
    [SIP_HEADER_ERROR_INFO] = SIP_VALUE_INFO,
    [SIP_HEADER_EVENT] = SIP_VALUE_EVENT,
    [SIP_HEADER_EXPIRES] = SIP_VALUE_NUMBER,
    [SIP_HEADER_FEATURE_CAPS] = SIP_VALUE_TAGGED,
    [SIP_HEADER_FLOW_TIMER] = SIP_VALUE_NUMBER,
    [SIP_HEADER_FROM] = SIP_VALUE_ADDRESS,
    [SIP_HEADER_GEOLOCATION] = SIP_VALUE_INFO,
    [SIP_HEADER_GEOLOCATION_ERROR] = SIP_VALUE_TAGGED,
    [SIP_HEADER_GEOLOCATION_ROUTING] = SIP_VALUE_TOKEN,
    [SIP_HEADER_HISTORY_INFO] = SIP_VALUE_NAME_ADDR,
    [SIP_HEADER_IDENTITY_INFO] = SIP_VALUE_INFO,
    [SIP_HEADER_IN_REPLY_TO] = SIP_VALUE_CALL_ID,
    [SIP_HEADER_INFO_PACKAGE] = SIP_VALUE_TAGGED,
    [SIP_HEADER_JOIN] = SIP_VALUE_REPLACES,
    [SIP_HEADER_MAX_BREADTH] = SIP_VALUE_NUMBER,
    [SIP_HEADER_MAX_FORWARDS] = SIP_VALUE_NUMBER,
    [SIP_HEADER_MIME_VERSION] = SIP_VALUE_TOKEN,
    [SIP_HEADER_MIN_EXPIRES] = SIP_VALUE_NUMBER,
    [SIP_HEADER_MIN_SE] = SIP_VALUE_MIN_SE,
    [SIP_HEADER_P_ACCESS_NETWORK_INFO] = SIP_VALUE_TAGGED,
    [SIP_HEADER_P_ASSERTED_IDENTITY] = SIP_VALUE_ADDRESS,
    [SIP_HEADER_P_ASSOCIATED_URI] = SIP_VALUE_NAME_ADDR,
    [SIP_HEADER_P_CALLED_PARTY_ID] = SIP_VALUE_NAME_ADDR,
    [SIP_HEADER_P_CHARGE_INFO] = SIP_VALUE_ADDRESS,
    [SIP_HEADER_P_EARLY_MEDIA] = SIP_VALUE_TOKEN,
    [SIP_HEADER_P_MEDIA_AUTHORIZATION] = SIP_VALUE_TOKEN,
    [SIP_HEADER_P_PREFERRED_IDENTITY] = SIP_VALUE_ADDRESS,
    [SIP_HEADER_P_PROFILE_KEY] = SIP_VALUE_NAME_ADDR,
    [SIP_HEADER_P_REFUSED_URI_LIST] = SIP_VALUE_NAME_ADDR,
    [SIP_HEADER_P_SERVED_USER] = SIP_VALUE_NAME_ADDR,
    [SIP_HEADER_PATH] = SIP_VALUE_NAME_ADDR,
    [SIP_HEADER_PERMISSION_MISSING] = SIP_VALUE_ADDRESS,
    [SIP_HEADER_POLICY_CONTACT] = SIP_VALUE_INFO,
    [SIP_HEADER_PRIORITY] = SIP_VALUE_TOKEN,
    [SIP_HEADER_PRIV_ANSWER_MODE] = SIP_VALUE_TAGGED,
    [SIP_HEADER_PROXY_AUTHENTICATE] = SIP_VALUE_AUTH,
    [SIP_HEADER_PROXY_AUTHORIZATION] = SIP_VALUE_AUTH,
    [SIP_HEADER_PROXY_REQUIRE] = SIP_VALUE_TOKEN,
    [SIP_HEADER_RACK] = SIP_VALUE_RACK,
    [SIP_HEADER_REASON] = SIP_VALUE_REASON,
    [SIP_HEADER_RECORD_ROUTE] = SIP_VALUE_NAME_ADDR,
    [SIP_HEADER_RECV_INFO] = SIP_VALUE_TAGGED,
    [SIP_HEADER_REFER_EVENTS_AT] = SIP_VALUE_INFO,
    [SIP_HEADER_REFER_SUB] = SIP_VALUE_TAGGED,
    [SIP_HEADER_REFER_TO] = SIP_VALUE_ADDRESS,
    [SIP_HEADER_REFERRED_BY] = SIP_VALUE_ADDRESS,
    [SIP_HEADER_REJECT_CONTACT] = SIP_VALUE_TAGGED,
    [SIP_HEADER_REMOTE_PARTY_ID] = SIP_VALUE_ADDRESS,
    [SIP_HEADER_REPLACES] = SIP_VALUE_REPLACES,
    [SIP_HEADER_REPLY_TO] = SIP_VALUE_ADDRESS,
    [SIP_HEADER_REQUEST_DISPOSITION] = SIP_VALUE_TOKEN,
    [SIP_HEADER_REQUIRE] = SIP_VALUE_TOKEN,
    [SIP_HEADER_RESOURCE_PRIORITY] = SIP_VALUE_TOKEN,
    [SIP_HEADER_RETRY_AFTER] = SIP_VALUE_RETRY_AFTER,
    [SIP_HEADER_ROUTE] = SIP_VALUE_NAME_ADDR,
    [SIP_HEADER_RSEQ] = SIP_VALUE_NUMBER,
    [SIP_HEADER_SECURITY_CLIENT] = SIP_VALUE_TAGGED,
    [SIP_HEADER_SECURITY_SERVER] = SIP_VALUE_TAGGED,
    [SIP_HEADER_SECURITY_VERIFY] = SIP_VALUE_TAGGED,
    [SIP_HEADER_SERVER] = SIP_VALUE_PRODUCTS,
    [SIP_HEADER_SERVICE_ROUTE] = SIP_VALUE_NAME_ADDR,
    [SIP_HEADER_SESSION_EXPIRES] = SIP_VALUE_SESSION_EXPIRES,
    [SIP_HEADER_SESSION_ID] = SIP_VALUE_TAGGED,
    [SIP_HEADER_SIP_ETAG] = SIP_VALUE_TOKEN,
    [SIP_HEADER_SIP_IF_MATCH] = SIP_VALUE_TOKEN,
    [SIP_HEADER_SUBSCRIPTION_STATE] = SIP_VALUE_SUBSCRIPTION_STATE,
    [SIP_HEADER_SUPPORTED] = SIP_VALUE_TOKEN,
    [SIP_HEADER_SUPPRESS_IF_MATCH] = SIP_VALUE_TOKEN,
    [SIP_HEADER_TARGET_DIALOG] = SIP_VALUE_TARGET_DIALOG,
    [SIP_HEADER_TIMESTAMP] = SIP_VALUE_TIMESTAMP,
    [SIP_HEADER_TO] = SIP_VALUE_ADDRESS,
    [SIP_HEADER_UNSUPPORTED] = SIP_VALUE_TOKEN,
    [SIP_HEADER_USER_AGENT] = SIP_VALUE_PRODUCTS,
    [SIP_HEADER_VIA] = SIP_VALUE_VIA,
    [SIP_HEADER_WARNING] = SIP_VALUE_WARNING,
    [SIP_HEADER_WWW_AUTHENTICATE] = SIP_VALUE_AUTH,
};

sip_value_kind sip_value_kind_of(sip_header_id id) {
  return (sip_value_kind)kinds[id];
}

/* A scan step that has to take the whole value. */
static int whole(sip_str text, bool (*step)(sip_scan *, sip_str *), sip_str *out) {
  sip_scan scan = sip_scan_over(text);
  sip_scan_space(&scan);
  return step(&scan, out) && sip_scan_finish(&scan) ? 0 : SIP_E_HEADER;
}

static bool token_step(sip_scan *scan, sip_str *out) {
  return sip_scan_token(scan, out);
}

/* server-val *( LWS server-val ); server-val = product / comment */
static bool products_step(sip_scan *scan, sip_str *out) {
  const char *from = scan->at;
  sip_str part;
  do {
    if (sip_scan_peek(scan) == '(') {
      if (!sip_scan_comment(scan, &part)) return false;
    } else {
      if (!sip_scan_token(scan, &part)) return false;
      sip_scan version = *scan;
      if (sip_scan_separator(&version, '/')) {
        *scan = version;
        if (!sip_scan_token(scan, &part)) return false;
      }
    }
    *out = sip_str_between(from, scan->at);
    sip_scan_space(scan);
  } while (!sip_scan_done(scan));
  return true;
}

static int parse_tagged(sip_str text, sip_tagged *out) {
  *out = (sip_tagged){0};
  sip_scan scan = sip_scan_over(text);
  sip_scan_space(&scan);
  bool matches = sip_scan_token(&scan, &out->token) && sip_scan_params(&scan, &out->params) &&
                 sip_scan_finish(&scan);
  return matches ? 0 : SIP_E_HEADER;
}

int sip_value_check_address(sip_header_id id, const sip_name_addr *address) {
  if (address->star) return id == SIP_HEADER_CONTACT ? 0 : SIP_E_HEADER;
  sip_value_kind kind = sip_value_kind_of(id);
  if (kind == SIP_VALUE_ADDRESS || kind == SIP_VALUE_TEXT) return 0;
  bool named = kind == SIP_VALUE_INFO && address->display.len > 0;
  return address->bracketed && !named ? 0 : SIP_E_HEADER;
}

static int parse_address(sip_header_id id, sip_str text, sip_name_addr *out) {
  int error = sip_name_addr_parse(text, out);
  return error ? error : sip_value_check_address(id, out);
}

static int parse_auth_param(sip_str text, sip_param *out) {
  int more = sip_auth_next(&text, out);
  return more == 1 && sip_str_trim(text).len == 0 ? 0 : SIP_E_HEADER;
}

int sip_value_parse(sip_header_id id, sip_str text, sip_value *out) {
  out->kind = sip_value_kind_of(id);
  switch (out->kind) {
  case SIP_VALUE_TOKEN:
    return whole(text, token_step, &out->text);
  case SIP_VALUE_TAGGED:
    return parse_tagged(text, &out->tagged);
  case SIP_VALUE_NUMBER:
    return sip_seconds_parse(text, &out->number);
  case SIP_VALUE_PRODUCTS:
    return whole(text, products_step, &out->text);
  case SIP_VALUE_LANGUAGE:
    return whole(text, sip_scan_language, &out->text);
  case SIP_VALUE_CALL_ID:
    return whole(text, sip_scan_call_id, &out->text);
  case SIP_VALUE_ADDRESS:
  case SIP_VALUE_NAME_ADDR:
  case SIP_VALUE_INFO:
    return parse_address(id, text, &out->address);
  case SIP_VALUE_VIA:
    return sip_via_parse(text, &out->via);
  case SIP_VALUE_CSEQ:
    return sip_cseq_parse(text, &out->cseq);
  case SIP_VALUE_RACK:
    return sip_rack_parse(text, &out->rack);
  case SIP_VALUE_DATE:
    return sip_date_parse(text, &out->date);
  case SIP_VALUE_TIMESTAMP:
    return sip_timestamp_parse(text, &out->timestamp);
  case SIP_VALUE_MEDIA_TYPE:
    return sip_media_type_parse(text, &out->media_type);
  case SIP_VALUE_ACCEPT:
    return sip_accept_parse(text, &out->accept);
  case SIP_VALUE_ACCEPT_ENCODING:
    return sip_accept_encoding_parse(text, &out->accept);
  case SIP_VALUE_ACCEPT_LANGUAGE:
    return sip_accept_language_parse(text, &out->accept);
  case SIP_VALUE_DISPOSITION:
    return sip_disposition_parse(text, &out->disposition);
  case SIP_VALUE_EVENT:
    return sip_event_package_parse(text, &out->event);
  case SIP_VALUE_EVENT_TYPE:
    return sip_event_type_parse(text, &out->text);
  case SIP_VALUE_SUBSCRIPTION_STATE:
    return sip_subscription_state_parse(text, &out->subscription_state);
  case SIP_VALUE_REASON:
    return sip_reason_parse(text, &out->reason);
  case SIP_VALUE_WARNING:
    return sip_warning_parse(text, &out->warning);
  case SIP_VALUE_RETRY_AFTER:
    return sip_retry_after_parse(text, &out->retry_after);
  case SIP_VALUE_SESSION_EXPIRES:
    return sip_session_expires_parse(text, &out->session_expires);
  case SIP_VALUE_MIN_SE:
    return sip_min_se_parse(text, &out->session_expires);
  case SIP_VALUE_AUTH:
    return sip_auth_parse(text, &out->auth);
  case SIP_VALUE_AUTH_PARAM:
    return parse_auth_param(text, &out->param);
  case SIP_VALUE_REPLACES:
    return sip_replaces_parse(text, &out->dialog_id);
  case SIP_VALUE_TARGET_DIALOG:
    return sip_target_dialog_parse(text, &out->dialog_id);
  default:
    out->text = text;
    return 0;
  }
}
