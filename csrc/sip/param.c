/* SPDX-License-Identifier: MIT
 *
 * Header parameters and quoted strings.
 */
#include "sip/param.h"

#include "base/error.h"
#include "base/sockaddr.h"

static bool is_ipv6_byte(char c) {
  return c == '[' || c == ']' || c == ':' || sip_char_is(c, SIP_CHAR_TOKEN);
}

const char *sip_skip_ipv6_value(const char *from, const char *end, sip_str param_name) {
  const char *at = from;
  while (at < end && is_ipv6_byte(*at)) at++;
  bool may_be = *from == '[' || SIP_IS(param_name, "received");
  sip_sockaddr address;
  return may_be && sip_sockaddr_parse(sip_str_between(from, at), 0, &address) ? at : NULL;
}

bool sip_scan_params(sip_scan *scan, sip_str *out) {
  const char *from = NULL, *until = scan->at;
  sip_param param;
  for (;;) {
    sip_scan_space(scan);
    if (!from) from = scan->at;
    if (!sip_scan_char(scan, ';')) break;
    sip_scan_space(scan);
    if (!sip_scan_param(scan, &param)) return false;
    until = scan->at;
  }
  scan->at = until;
  *out = until > from ? sip_str_between(from, until) : (sip_str){from, 0};
  return true;
}

int sip_param_next(sip_str *rest, sip_param *out) {
  sip_scan scan = sip_scan_over(*rest);
  if (sip_scan_finish(&scan)) return 0;
  if (!sip_scan_separator(&scan, ';') || !sip_scan_param(&scan, out)) return SIP_E_HEADER;
  *rest = sip_str_between(scan.at, scan.end);
  return 1;
}

bool sip_param_find(sip_str params, sip_str name, sip_param *out) {
  sip_str rest = params;
  while (sip_param_next(&rest, out) == 1) {
    if (sip_str_equal_nocase(out->name, name)) return true;
  }
  return false;
}

/* At a fold: writes one space for it and the space around it, and returns what
 * follows. `written` is where the text began in the buffer. */
static const char *skip_fold(const char *at, const char *end, sip_buffer *out, size_t written) {
  while (out->len > written && (out->ptr[out->len - 1] == ' ' || out->ptr[out->len - 1] == '\t')) {
    out->len--;
  }
  const char *behind = sip_skip_folds(at, end);
  sip_buffer_add_char(out, ' ');
  return behind > at ? behind : at + 1;
}

void sip_unquote(sip_str value, sip_buffer *out) {
  if (value.len < 2 || value.ptr[0] != '"') {
    sip_unfold(value, out);
    return;
  }
  const char *at = value.ptr + 1, *end = value.ptr + value.len - 1;
  size_t written = out->len;
  while (at < end) {
    if (*at == '\r') {
      at = skip_fold(at, end, out, written);
      continue;
    }
    if (*at == '\\' && end - at > 1) at++;
    sip_buffer_add_char(out, *at++);
  }
}

void sip_unfold(sip_str value, sip_buffer *out) {
  if (value.len == 0) return;
  const char *at = value.ptr, *end = value.ptr + value.len;
  size_t written = out->len;
  while (at < end) {
    const char *fold = memchr(at, '\r', (size_t)(end - at));
    sip_buffer_add(out, sip_str_between(at, fold ? fold : end));
    if (!fold) return;
    at = skip_fold(fold, end, out, written);
  }
}

int sip_quote(sip_str text, sip_buffer *out) {
  if (sip_str_has_line_break(text)) return SIP_E_INJECTION;
  sip_buffer_add_char(out, '"');
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    if (c == '"' || c == '\\' || sip_char_is(c, SIP_CHAR_CONTROL)) sip_buffer_add_char(out, '\\');
    sip_buffer_add_char(out, c);
  }
  sip_buffer_add_char(out, '"');
  return 0;
}
