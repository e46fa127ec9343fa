/* SPDX-License-Identifier: MIT
 *
 * One SP between the parts, nothing around them.
 */
#include "sip/start_line.h"

#include "base/error.h"
#include "sip/status.h"

#define VERSION "SIP/2.0"
enum { VERSION_LEN = sizeof VERSION - 1, STATUS_DIGITS = 3 };

static sip_span span_of(const sip_message *message, sip_str text) {
  return (sip_span){(uint32_t)(text.ptr - message->bytes), (uint32_t)text.len};
}

/* SIP-Version at the cursor, without case (7.1): 0, SIP_E_VERSION for another
 * number, SIP_E_START_LINE for anything else. */
static int scan_version(sip_scan *scan) {
  if (scan->end - scan->at >= VERSION_LEN && memcmp(scan->at, VERSION, VERSION_LEN) == 0) {
    scan->at += VERSION_LEN;
    return 0;
  }
  const char *from = scan->at;
  sip_str name, major, minor;
  bool matches = sip_scan_run(scan, SIP_CHAR_ALPHA, &name) && SIP_IS(name, "sip") &&
                 sip_scan_char(scan, '/') && sip_scan_run(scan, SIP_CHAR_DIGIT, &major) &&
                 sip_scan_char(scan, '.') && sip_scan_run(scan, SIP_CHAR_DIGIT, &minor);
  if (!matches) return SIP_E_START_LINE;
  if (sip_str_equal(major, SIP_STR("2")) && sip_str_equal(minor, SIP_STR("0"))) return 0;
  scan->at = from;
  return SIP_E_VERSION;
}

size_t sip_uri_param_count(const sip_uri *uri) {
  size_t count = 0;
  for (size_t i = 0; i < uri->params.len; i++) count += uri->params.ptr[i] == ';';
  return count;
}

int sip_scan_request_uri(sip_scan *scan, const sip_limits *limits, sip_uri *out) {
  int error = sip_scan_uri(scan, out);
  if (error) return error;
  if (out->headers.ptr) {
    scan->at = out->headers.ptr;
    return SIP_E_URI;
  }
  if (out->params.len == 0 || sip_uri_param_count(out) <= limits->uri_params) return 0;
  scan->at = out->params.ptr;
  return SIP_E_LIMIT;
}

static int scan_request(sip_scan *scan, sip_message *message, const sip_limits *limits) {
  sip_str method;
  if (!sip_scan_token(scan, &method)) return SIP_E_START_LINE;
  message->method_text = span_of(message, method);
  message->method = (uint8_t)sip_method_parse(method);
  if (!sip_scan_char(scan, ' ')) return SIP_E_START_LINE;
  const char *space = sip_find_byte(scan->at, scan->end, scan->limit, ' ');
  sip_scan inside = {scan->at, space, scan->limit};
  if (space == scan->end || space == scan->at) return SIP_E_START_LINE;
  message->uri_text = span_of(message, sip_str_between(scan->at, space));
  scan->at = space + 1;
  int error = scan_version(scan);
  if (error) return error;
  if (!sip_scan_done(scan)) return SIP_E_START_LINE;
  sip_uri uri;
  error = sip_scan_request_uri(&inside, limits, &uri);
  scan->at = inside.at;
  return error;
}

/* Reason-Phrase: reserved, unreserved, escaped, UTF-8, SP, HTAB. Wider here: any
 * text that a line may hold, for nothing hangs on it. */
static int scan_status(sip_scan *scan, sip_message *message) {
  int error = scan_version(scan);
  if (error) return error;
  if (!sip_scan_char(scan, ' ')) return SIP_E_START_LINE;
  sip_str digits;
  const char *from = scan->at;
  uint64_t status;
  bool matches = sip_scan_run(scan, SIP_CHAR_DIGIT, &digits) && digits.len == STATUS_DIGITS &&
                 sip_str_to_number(digits, SIP_STATUS_MAX, &status) && status >= SIP_STATUS_MIN;
  if (!matches) {
    scan->at = from;
    return SIP_E_START_LINE;
  }
  message->status = (uint16_t)status;
  if (!sip_scan_char(scan, ' ')) return SIP_E_START_LINE;
  message->reason = span_of(message, sip_str_between(scan->at, scan->end));
  return 0;
}

int sip_scan_start_line(sip_scan *scan, sip_message *message, const sip_limits *limits) {
  sip_str line = sip_str_between(scan->at, scan->end);
  /* No method has a slash in it. */
  bool may_be_response = sip_char_lower(sip_scan_peek(scan)) == 's';
  if (!may_be_response || !sip_str_starts_nocase(line, SIP_STR("SIP/"))) {
    return scan_request(scan, message, limits);
  }
  message->status = SIP_STATUS_MAX + 1; /* a response, whatever its status */
  return scan_status(scan, message);
}
