/* SPDX-License-Identifier: MIT
 *
 * The errors of the core: one list, negative, outside libuv's range. A
 * function returns 0 or one of these; each names the ones it can return.
 */
#ifndef MOONSIP_BASE_ERROR_H
#define MOONSIP_BASE_ERROR_H

/* name, kind that a script sees (api.md rule 4), text */
#define SIP_ERRORS(X)                                                   \
  X(MEMORY, "limit", "out of memory")                                   \
  X(LIMIT, "limit", "a configured limit is reached")                    \
  X(GONE, "gone", "the object has ended")                               \
  X(STATE, "invalid", "not possible in this state")                     \
  X(PENDING, "invalid", "another INVITE of the dialog is not over")     \
  X(INVALID, "invalid", "invalid argument")                             \
  X(REFUSED, "limit", "refused by the guard")                           \
  X(RESERVED, "invalid", "a header field that is written by the stack") \
  X(INJECTION, "invalid", "CR, LF or NUL in a value")                   \
  X(TRUNCATED, "invalid", "the message ends too early")                 \
  X(START_LINE, "invalid", "malformed start line")                      \
  X(VERSION, "invalid", "not SIP/2.0")                                  \
  X(HEADER, "invalid", "malformed header field")                        \
  X(HEADER_NAME, "invalid", "malformed header field name")              \
  X(LINE_END, "invalid", "CR or LF alone")                              \
  X(DUPLICATE, "invalid", "a single-value header field appears twice")  \
  X(MISSING, "invalid", "a mandatory header field is missing")          \
  X(CONTENT_LENGTH, "invalid", "Content-Length does not fit the body")  \
  X(TOO_LARGE, "limit", "message too large")                            \
  X(TOO_MANY, "limit", "too many header fields")                        \
  X(NEEDS_TCP, "limit", "a MESSAGE too large for UDP (RFC 3428 8)")     \
  X(URI, "invalid", "malformed URI")                                    \
  X(MISMATCH, "invalid", "CSeq method differs from the request method") \
  X(NUMBER, "invalid", "number out of range")                           \
  X(MULTIPART, "invalid", "malformed multipart body")                   \
  X(SDP_LINE, "media", "malformed line of a session description")       \
  X(SDP_ORDER, "media", "misplaced line of a session description")      \
  X(SDP_MISSING, "media", "incomplete session description")             \
  X(SDP_LIMIT, "media", "session description too large")                \
  X(SDP_MEDIA, "media", "no media in common")                           \
  X(SDP_OFFER, "media", "the offer does not fit the session")           \
  X(SDP_ANSWER, "media", "the answer does not fit the offer")           \
  X(NO_ROUTE, "transport", "no listener for that transport")            \
  X(TIMEOUT, "timeout", "timed out")                                    \
  X(EXPIRED, "timeout", "the session was not refreshed in time")        \
  X(TRANSPORT, "transport", "transport failed")                         \
  X(TLS, "transport", "TLS failed")                                     \
  X(WEBSOCKET, "transport", "WebSocket failed")                         \
  X(CERTIFICATE, "transport", "the peer's certificate is not accepted") \
  X(DNS, "dns", "name not found")                                       \
  X(DNS_TIMEOUT, "dns", "no answer from the DNS in time")               \
  X(DNS_FAILED, "dns", "no DNS server is there, or all of them fail")   \
  X(AUDIO, "media", "damaged or unknown sound file")                    \
  X(CANCELLED, "cancelled", "cancelled")

enum sip_error {
  SIP_E_FIRST = -20000,
#define X(name, kind, text) SIP_E_##name,
  SIP_ERRORS(X)
#undef X
      SIP_E_END
};

/* Never NULL; for other codes "error" and "unknown error". */
const char *sip_error_name(int error); /* "LINE_END" */
const char *sip_error_kind(int error); /* "invalid" */
const char *sip_error_text(int error);

#endif
