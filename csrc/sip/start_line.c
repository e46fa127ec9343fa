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
  bool matches = sip_scan_run(scan, SIP_CHAR_ALPHA, &name) &&
                 sip_str_equal_nocase(name, SIP_STR("SIP")) && sip_scan_char(scan, '/') &&
                 sip_scan_run(scan, SIP_CHAR_DIGIT, &major) && sip_scan_char(scan, '.') &&
                 sip_scan_run(scan, SIP_CHAR_DIGIT, &minor);
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

int sip_request_uri_parse(sip_str text, const sip_limits *limits, sip_uri *out, size_t *error_at) {
  int error = sip_uri_parse(text, out, error_at);
  if (error) return error;
  if (out->headers.ptr) {
    *error_at = (size_t)(out->headers.ptr - text.ptr);
    return SIP_E_URI;
  }
  if (out->params.len == 0 || sip_uri_param_count(out) <= limits->uri_params) return 0;
  *error_at = (size_t)(out->params.ptr - text.ptr);
  return SIP_E_LIMIT;
}

static int scan_request(sip_message *message, sip_scan *scan, const sip_limits *limits) {
  sip_str method;
  if (!sip_scan_token(scan, &method)) return SIP_E_START_LINE;
  message->method_text = span_of(message, method);
  message->method = (uint8_t)sip_method_parse(method);
  if (!sip_scan_char(scan, ' ')) return SIP_E_START_LINE;
  const char *from = scan->at;
  const char *space = memchr(from, ' ', (size_t)(scan->end - from));
  sip_str uri_text = sip_str_between(from, space ? space : scan->end);
  if (!space || uri_text.len == 0) return SIP_E_START_LINE;
  message->uri_text = span_of(message, uri_text);
  scan->at = space + 1;
  int error = scan_version(scan);
  if (error) return error;
  if (!sip_scan_done(scan)) return SIP_E_START_LINE;
  sip_uri uri;
  size_t error_at;
  error = sip_request_uri_parse(uri_text, limits, &uri, &error_at);
  if (error) scan->at = from + error_at;
  return error;
}

/* Reason-Phrase: reserved, unreserved, escaped, UTF-8, SP, HTAB. Wider here: any
 * text that a line may hold, for nothing hangs on it. */
static int scan_status(sip_message *message, sip_scan *scan) {
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

int sip_start_line_parse(sip_message *message, sip_str line, const sip_limits *limits,
                         const char **error_at) {
  sip_scan scan = sip_scan_over(line);
  /* No method has a slash in it. */
  bool response = sip_str_starts_nocase(line, SIP_STR("SIP/"));
  if (response) message->status = SIP_STATUS_MAX + 1; /* a response, whatever its status */
  int error = response ? scan_status(message, &scan) : scan_request(message, &scan, limits);
  if (error) *error_at = scan.at;
  return error;
}
