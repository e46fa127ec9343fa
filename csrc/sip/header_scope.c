/* SPDX-License-Identifier: MIT */
#include "sip/header_scope.h"

#define LEG(id) [SIP_HEADER_##id] = SIP_SCOPE_LEG
#define CALL(id) [SIP_HEADER_##id] = SIP_SCOPE_CALL

/* Of all others something is said that only who trusts the other side wants to pass. */
static const uint8_t scopes[SIP_HEADER_COUNT] = {
    LEG(ALLOW),
    LEG(AUTHENTICATION_INFO),
    LEG(AUTHORIZATION),
    LEG(CALL_ID),
    LEG(CONTACT),
    LEG(CONTENT_ENCODING),
    LEG(CONTENT_LENGTH),
    LEG(CONTENT_TYPE),
    LEG(CSEQ),
    LEG(FLOW_TIMER),
    LEG(FROM),
    LEG(MAX_FORWARDS),
    LEG(MIME_VERSION),
    LEG(MIN_SE),
    LEG(PATH),
    LEG(PROXY_AUTHENTICATE),
    LEG(PROXY_AUTHORIZATION),
    LEG(PROXY_REQUIRE),
    LEG(RACK),
    LEG(RECORD_ROUTE),
    LEG(REQUIRE),
    LEG(ROUTE),
    LEG(RSEQ),
    LEG(SERVICE_ROUTE),
    LEG(SESSION_EXPIRES),
    LEG(SUPPORTED),
    LEG(TIMESTAMP),
    LEG(TO),
    LEG(UNSUPPORTED),
    LEG(VIA),
    LEG(WWW_AUTHENTICATE),

    CALL(ACCEPT_LANGUAGE),
    CALL(ACCEPT_RESOURCE_PRIORITY),
    CALL(ANSWER_MODE),
    CALL(CONTENT_DISPOSITION),
    CALL(CONTENT_ID),
    CALL(CONTENT_LANGUAGE),
    CALL(INFO_PACKAGE),
    CALL(P_EARLY_MEDIA),
    CALL(PRIORITY),
    CALL(PRIV_ANSWER_MODE),
    CALL(PRIVACY),
    CALL(RECV_INFO),
    CALL(RESOURCE_PRIORITY),
    CALL(SESSION_ID), /* RFC 7989 */
    CALL(SUBJECT),
    CALL(USER_TO_USER),
};

sip_header_scope sip_header_scope_of(sip_header_id id) {
  if (id == SIP_HEADER_UNKNOWN) return SIP_SCOPE_OPEN;
  return scopes[id] ? (sip_header_scope)scopes[id] : SIP_SCOPE_HOST;
}
