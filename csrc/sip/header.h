/* SPDX-License-Identifier: MIT
 *
 * Header field names as dense ids, from one list: name, compact form (or 0),
 * and how several of them combine (RFC 3261 7.3.1).
 *   ONE   at most one in a message
 *   LIST  values may share a line, separated by commas
 *   LINES several lines that must not be joined (credentials, challenges)
 * After a change here run .ci/header_names.lua.
 */
#ifndef MOONSIP_SIP_HEADER_H
#define MOONSIP_SIP_HEADER_H

#include <stdint.h>

#include "base/str.h"

#define SIP_HEADERS(X)                                                       \
  X(ACCEPT, "Accept", 0, LIST)                                               \
  X(ACCEPT_CONTACT, "Accept-Contact", 'a', LIST)                             \
  X(ACCEPT_ENCODING, "Accept-Encoding", 0, LIST)                             \
  X(ACCEPT_LANGUAGE, "Accept-Language", 0, LIST)                             \
  X(ACCEPT_RESOURCE_PRIORITY, "Accept-Resource-Priority", 0, LIST)           \
  X(ALERT_INFO, "Alert-Info", 0, LIST)                                       \
  X(ALLOW, "Allow", 0, LIST)                                                 \
  X(ALLOW_EVENTS, "Allow-Events", 'u', LIST)                                 \
  X(ANSWER_MODE, "Answer-Mode", 0, ONE)                                      \
  X(AUTHENTICATION_INFO, "Authentication-Info", 0, LIST)                     \
  X(AUTHORIZATION, "Authorization", 0, LINES)                                \
  X(CALL_ID, "Call-ID", 'i', ONE)                                            \
  X(CALL_INFO, "Call-Info", 0, LIST)                                         \
  X(CONTACT, "Contact", 'm', LIST)                                           \
  X(CONTENT_DISPOSITION, "Content-Disposition", 0, ONE)                      \
  X(CONTENT_ENCODING, "Content-Encoding", 'e', LIST)                         \
  X(CONTENT_ID, "Content-ID", 0, ONE)                                        \
  X(CONTENT_LANGUAGE, "Content-Language", 0, LIST)                           \
  X(CONTENT_LENGTH, "Content-Length", 'l', ONE)                              \
  X(CONTENT_TYPE, "Content-Type", 'c', ONE)                                  \
  X(CSEQ, "CSeq", 0, ONE)                                                    \
  X(DATE, "Date", 0, ONE)                                                    \
  X(DIVERSION, "Diversion", 0, LIST)                                         \
  X(ERROR_INFO, "Error-Info", 0, LIST)                                       \
  X(EVENT, "Event", 'o', ONE)                                                \
  X(EXPIRES, "Expires", 0, ONE)                                              \
  X(FEATURE_CAPS, "Feature-Caps", 0, LIST)                                   \
  X(FLOW_TIMER, "Flow-Timer", 0, ONE)                                        \
  X(FROM, "From", 'f', ONE)                                                  \
  X(GEOLOCATION, "Geolocation", 0, LIST)                                     \
  X(GEOLOCATION_ERROR, "Geolocation-Error", 0, ONE)                          \
  X(GEOLOCATION_ROUTING, "Geolocation-Routing", 0, ONE)                      \
  X(HISTORY_INFO, "History-Info", 0, LIST)                                   \
  X(IDENTITY, "Identity", 'y', LIST)                                         \
  X(IDENTITY_INFO, "Identity-Info", 'n', ONE)                                \
  X(IN_REPLY_TO, "In-Reply-To", 0, LIST)                                     \
  X(INFO_PACKAGE, "Info-Package", 0, ONE)                                    \
  X(JOIN, "Join", 0, ONE)                                                    \
  X(MAX_BREADTH, "Max-Breadth", 0, ONE)                                      \
  X(MAX_FORWARDS, "Max-Forwards", 0, ONE)                                    \
  X(MIME_VERSION, "MIME-Version", 0, ONE)                                    \
  X(MIN_EXPIRES, "Min-Expires", 0, ONE)                                      \
  X(MIN_SE, "Min-SE", 0, ONE)                                                \
  X(ORGANIZATION, "Organization", 0, ONE)                                    \
  X(P_ACCESS_NETWORK_INFO, "P-Access-Network-Info", 0, LIST)                 \
  X(P_ASSERTED_IDENTITY, "P-Asserted-Identity", 0, LIST)                     \
  X(P_ASSERTED_SERVICE, "P-Asserted-Service", 0, LIST)                       \
  X(P_ASSOCIATED_URI, "P-Associated-URI", 0, LIST)                           \
  X(P_CALLED_PARTY_ID, "P-Called-Party-ID", 0, ONE)                          \
  X(P_CHARGE_INFO, "P-Charge-Info", 0, ONE)                                  \
  X(P_CHARGING_FUNCTION_ADDRESSES, "P-Charging-Function-Addresses", 0, LIST) \
  X(P_CHARGING_VECTOR, "P-Charging-Vector", 0, ONE)                          \
  X(P_EARLY_MEDIA, "P-Early-Media", 0, LIST)                                 \
  X(P_MEDIA_AUTHORIZATION, "P-Media-Authorization", 0, LIST)                 \
  X(P_PREFERRED_IDENTITY, "P-Preferred-Identity", 0, LIST)                   \
  X(P_PREFERRED_SERVICE, "P-Preferred-Service", 0, LIST)                     \
  X(P_PROFILE_KEY, "P-Profile-Key", 0, ONE)                                  \
  X(P_REFUSED_URI_LIST, "P-Refused-URI-List", 0, LIST)                       \
  X(P_SERVED_USER, "P-Served-User", 0, ONE)                                  \
  X(P_VISITED_NETWORK_ID, "P-Visited-Network-ID", 0, LIST)                   \
  X(PATH, "Path", 0, LIST)                                                   \
  X(PERMISSION_MISSING, "Permission-Missing", 0, LIST)                       \
  X(POLICY_CONTACT, "Policy-Contact", 0, LIST)                               \
  X(POLICY_ID, "Policy-ID", 0, LIST)                                         \
  X(PRIORITY, "Priority", 0, ONE)                                            \
  X(PRIV_ANSWER_MODE, "Priv-Answer-Mode", 0, ONE)                            \
  X(PRIVACY, "Privacy", 0, ONE)                                              \
  X(PROXY_AUTHENTICATE, "Proxy-Authenticate", 0, LINES)                      \
  X(PROXY_AUTHORIZATION, "Proxy-Authorization", 0, LINES)                    \
  X(PROXY_REQUIRE, "Proxy-Require", 0, LIST)                                 \
  X(RACK, "RAck", 0, ONE)                                                    \
  X(REASON, "Reason", 0, LIST)                                               \
  X(RECORD_ROUTE, "Record-Route", 0, LIST)                                   \
  X(RECV_INFO, "Recv-Info", 0, LIST)                                         \
  X(REFER_EVENTS_AT, "Refer-Events-At", 0, ONE)                              \
  X(REFER_SUB, "Refer-Sub", 0, ONE)                                          \
  X(REFER_TO, "Refer-To", 'r', ONE)                                          \
  X(REFERRED_BY, "Referred-By", 'b', ONE)                                    \
  X(REJECT_CONTACT, "Reject-Contact", 'j', LIST)                             \
  X(REMOTE_PARTY_ID, "Remote-Party-ID", 0, LIST)                             \
  X(REPLACES, "Replaces", 0, ONE)                                            \
  X(REPLY_TO, "Reply-To", 0, ONE)                                            \
  X(REQUEST_DISPOSITION, "Request-Disposition", 'd', LIST)                   \
  X(REQUIRE, "Require", 0, LIST)                                             \
  X(RESOURCE_PRIORITY, "Resource-Priority", 0, LIST)                         \
  X(RETRY_AFTER, "Retry-After", 0, ONE)                                      \
  X(ROUTE, "Route", 0, LIST)                                                 \
  X(RSEQ, "RSeq", 0, ONE)                                                    \
  X(SECURITY_CLIENT, "Security-Client", 0, LIST)                             \
  X(SECURITY_SERVER, "Security-Server", 0, LIST)                             \
  X(SECURITY_VERIFY, "Security-Verify", 0, LIST)                             \
  X(SERVER, "Server", 0, ONE)                                                \
  X(SERVICE_ROUTE, "Service-Route", 0, LIST)                                 \
  X(SESSION_EXPIRES, "Session-Expires", 'x', ONE)                            \
  X(SESSION_ID, "Session-ID", 0, ONE)                                        \
  X(SIP_ETAG, "SIP-ETag", 0, ONE)                                            \
  X(SIP_IF_MATCH, "SIP-If-Match", 0, ONE)                                    \
  X(SUBJECT, "Subject", 's', ONE)                                            \
  X(SUBSCRIPTION_STATE, "Subscription-State", 0, ONE)                        \
  X(SUPPORTED, "Supported", 'k', LIST)                                       \
  X(SUPPRESS_IF_MATCH, "Suppress-If-Match", 0, ONE)                          \
  X(TARGET_DIALOG, "Target-Dialog", 0, ONE)                                  \
  X(TIMESTAMP, "Timestamp", 0, ONE)                                          \
  X(TO, "To", 't', ONE)                                                      \
  X(UNSUPPORTED, "Unsupported", 0, LIST)                                     \
  X(USER_AGENT, "User-Agent", 0, ONE)                                        \
  X(USER_TO_USER, "User-to-User", 0, LIST)                                   \
  X(VIA, "Via", 'v', LIST)                                                   \
  X(WARNING, "Warning", 0, LIST)                                             \
  X(WWW_AUTHENTICATE, "WWW-Authenticate", 0, LINES)

typedef enum sip_header_id {
  SIP_HEADER_UNKNOWN, /* no alias of any known one */
#define X(id, name, compact, kind) SIP_HEADER_##id,
  SIP_HEADERS(X)
#undef X
      SIP_HEADER_COUNT
} sip_header_id;

typedef enum sip_header_kind { SIP_HEADER_ONE, SIP_HEADER_LIST, SIP_HEADER_LINES } sip_header_kind;

/* By long or compact name, without case. */
sip_header_id sip_header_find(sip_str name);
/* The long spelling; "" for SIP_HEADER_UNKNOWN. */
sip_str sip_header_name(sip_header_id id);
/* The one-letter form, or NUL. */
char sip_header_compact(sip_header_id id);
/* An unknown name is LINES: nothing says that a comma separates its values. */
sip_header_kind sip_header_kind_of(sip_header_id id);

#endif
