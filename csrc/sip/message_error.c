/* SPDX-License-Identifier: MIT
 *
 * What a malformed request is answered with (RFC 3261 8.2, 16.3, 21.4, 21.5).
 */
#include "base/error.h"
#include "sip/message.h"
#include "sip/status.h"

enum {
  BAD_REQUEST = 400,
  ENTITY_TOO_LARGE = 413,
  URI_TOO_LONG = 414,
  NOT_IMPLEMENTED = 501,
  VERSION_NOT_SUPPORTED = 505,
  MESSAGE_TOO_LARGE = 513
};

static const sip_str malformed[SIP_HEADER_COUNT] = {
    [SIP_HEADER_UNKNOWN] = {"Malformed header field", 22},
#define X(id, name, compact, kind) \
  [SIP_HEADER_##id] = {"Malformed " name, sizeof("Malformed " name) - 1},
    SIP_HEADERS(X)
#undef X
};

/* No control byte but in a fold: a response may copy it. */
static bool is_clean(sip_str value) {
  sip_scan scan = sip_scan_over(value);
  for (;;) {
    scan.at = sip_find_control(scan.at, scan.end);
    if (sip_scan_done(&scan)) return true;
    const char *fold = scan.at;
    scan.at = sip_skip_folds(fold, scan.end);
    if (scan.at == fold) return false;
  }
}

static bool is_copied(uint16_t id) {
  return id == SIP_HEADER_VIA || id == SIP_HEADER_FROM || id == SIP_HEADER_TO ||
         id == SIP_HEADER_CALL_ID || id == SIP_HEADER_CSEQ;
}

bool sip_message_answerable(const sip_message *message) {
  if (!(message->sound & SIP_SOUND_VIA)) return false;
  if (message->error == 0) return true;
  for (size_t i = 0; i < message->header_count; i++) {
    const sip_header *h = &message->headers[i];
    if (is_copied(h->id) && !is_clean(sip_message_value(message, h))) return false;
  }
  return true;
}

/* 413 when only the body is too large, 414 for the start line, else 513. */
static int too_large(const sip_message *m, sip_str *reason) {
  uint32_t uri_end = m->uri_text.at + m->uri_text.len;
  int status = MESSAGE_TOO_LARGE;
  if (m->error_header != SIP_NO_HEADER) {
    bool length = m->headers[m->error_header].id == SIP_HEADER_CONTENT_LENGTH;
    status = length ? ENTITY_TOO_LARGE : BAD_REQUEST;
    if (!length) *reason = SIP_STR("Header field too long");
  } else if (m->error_at <= uri_end) {
    status = URI_TOO_LONG;
  } else if (m->error_at > m->body_at) {
    status = ENTITY_TOO_LARGE;
  }
  return status;
}

static sip_str missing_reason(const sip_message *m) {
  if (m->top_via == SIP_NO_HEADER) return SIP_STR("Missing Via");
  if (m->from == SIP_NO_HEADER) return SIP_STR("Missing From");
  if (m->to == SIP_NO_HEADER) return SIP_STR("Missing To");
  return sip_message_find(m, SIP_HEADER_CALL_ID, 0) ? SIP_STR("Missing CSeq")
                                                    : SIP_STR("Missing Call-ID");
}

static sip_str bad_request_reason(const sip_message *m) {
  switch (m->error) {
  case SIP_E_MISSING:
    return missing_reason(m);
  case SIP_E_MISMATCH:
    return SIP_STR("CSeq method does not match");
  case SIP_E_DUPLICATE:
    return SIP_STR("Header field appears twice");
  case SIP_E_TOO_MANY:
    return SIP_STR("Too many header fields");
  case SIP_E_CONTENT_LENGTH:
    return SIP_STR("Content-Length does not fit");
  case SIP_E_START_LINE:
    return SIP_STR("Malformed Request-Line");
  case SIP_E_LINE_END:
    return SIP_STR("CR or LF alone");
  case SIP_E_TRUNCATED:
    return SIP_STR("Message ends too early");
  default:
    break;
  }
  if (m->error_header != SIP_NO_HEADER) return malformed[m->headers[m->error_header].id];
  if (m->error == SIP_E_URI) return SIP_STR("Malformed Request-URI");
  return malformed[SIP_HEADER_UNKNOWN];
}

/* RFC 4475 3.1.2.18: what is wrong with a method that nobody knows is that. */
static bool is_unknown_method(const sip_message *m) {
  return m->error == SIP_E_MISMATCH && m->method == SIP_METHOD_EXTENSION;
}

int sip_message_error_status(const sip_message *message, sip_str *reason) {
  if (!sip_message_is_request(message) || message->method == SIP_METHOD_ACK) return 0;
  if (!sip_message_answerable(message)) return 0;
  *reason = (sip_str){0};
  int status = BAD_REQUEST;
  if (message->error == SIP_E_TOO_LARGE) {
    status = too_large(message, reason);
  } else if (message->error == SIP_E_VERSION) {
    status = VERSION_NOT_SUPPORTED;
  } else if (is_unknown_method(message)) {
    status = NOT_IMPLEMENTED;
  } else {
    *reason = bad_request_reason(message);
  }
  if (reason->len == 0) *reason = sip_status_reason(status);
  return status;
}
