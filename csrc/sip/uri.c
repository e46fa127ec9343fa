/* SPDX-License-Identifier: MIT
 *
 * Parsing of URIs (RFC 3261 25.1, RFC 3966 3) and the questions about one.
 */
#include "sip/uri.h"

#include "base/error.h"
#include "sip/host.h"

static bool is_password_byte(char c) {
  return c != ';' && c != '?' && c != '/' && sip_char_is(c, SIP_CHAR_USER);
}

/* userinfo up to its "@", which is there: no later part of the URI may hold one. */
static bool scan_userinfo(sip_scan *scan, sip_uri *out) {
  out->user = sip_scan_escaped(scan, SIP_CHAR_USER);
  if (out->user.len == 0) return false;
  if (sip_scan_char(scan, ':')) {
    const char *from = scan->at;
    while (scan->at < scan->end) {
      if (is_password_byte(*scan->at)) {
        scan->at++;
      } else if (sip_escape_at(scan->at, scan->end)) {
        scan->at += 3;
      } else {
        break;
      }
    }
    out->password = sip_str_between(from, scan->at);
    out->has_password = true;
  }
  out->has_user = true;
  return sip_scan_char(scan, '@');
}

/* The first "name=value" of that name, or an empty slice. */
static sip_str find_pair(sip_str params, sip_str name) {
  sip_param param;
  while (sip_uri_param_next(&params, &param)) {
    if (sip_escaped_equal(param.name, name, false)) {
      return sip_str_between(param.name.ptr, params.ptr);
    }
  }
  return (sip_str){0};
}

/* *( ";" pname [ "=" pvalue ] ), where a repetition may only repeat */
static bool scan_params(sip_scan *scan, sip_uri *out) {
  const char *from = scan->at;
  for (int count = 0; sip_scan_peek(scan) == ';'; count++) {
    sip_str before = sip_str_between(from, scan->at++);
    sip_str name = sip_scan_escaped(scan, SIP_CHAR_PARAM);
    if (name.len == 0 || count == SIP_URI_PARTS_MAX) return false;
    if (sip_scan_char(scan, '=') && sip_scan_escaped(scan, SIP_CHAR_PARAM).len == 0) return false;
    sip_str pair = find_pair(before, name);
    if (pair.len > 0 && !sip_str_equal(pair, sip_str_between(name.ptr, scan->at))) {
      scan->at = name.ptr;
      return false;
    }
  }
  out->params = sip_str_between(from, scan->at);
  return true;
}

/* "?" hname "=" hvalue *( "&" hname "=" hvalue ) */
static bool scan_headers(sip_scan *scan, sip_uri *out) {
  if (!sip_scan_char(scan, '?')) return true;
  const char *from = scan->at;
  int count = 0;
  do {
    sip_str name = sip_scan_escaped(scan, SIP_CHAR_HEADER);
    if (name.len == 0 || count++ == SIP_URI_PARTS_MAX || !sip_scan_char(scan, '=')) return false;
    sip_scan_escaped(scan, SIP_CHAR_HEADER);
  } while (sip_scan_char(scan, '&'));
  out->headers = sip_str_between(from, scan->at);
  return true;
}

static bool scan_sip(sip_scan *scan, sip_uri *out) {
  bool has_user = sip_find_byte(scan->at, scan->end, scan->limit, '@') < scan->end;
  if (has_user && !scan_userinfo(scan, out)) return false;
  if (!sip_scan_host(scan, &out->host)) return false;
  if (sip_scan_char(scan, ':') && !sip_scan_port(scan, &out->port)) return false;
  out->params = sip_str_make(scan->at, 0);
  return sip_scan_done(scan) || (scan_params(scan, out) && scan_headers(scan, out));
}

static bool is_separator(char c) {
  return c == '-' || c == '.' || c == '(' || c == ')';
}

/* global-number-digits or local-number-digits (RFC 3966 3) */
static bool scan_number(sip_scan *scan, sip_str *out, bool *global) {
  const char *from = scan->at;
  *global = sip_scan_char(scan, '+');
  unsigned digits = *global ? SIP_CHAR_DIGIT : SIP_CHAR_HEX;
  size_t count = 0;
  for (; scan->at < scan->end; scan->at++) {
    char c = *scan->at;
    bool digit = sip_char_is(c, digits) || (!*global && (c == '*' || c == '#'));
    if (!digit && !is_separator(c)) break;
    count += digit;
  }
  *out = sip_str_between(from, scan->at);
  return count > 0;
}

static bool scan_tel(sip_scan *scan, sip_uri *out) {
  bool global;
  const char *from = scan->at;
  if (!scan_number(scan, &out->user, &global) || !scan_params(scan, out)) return false;
  sip_str context;
  if (global || sip_uri_param(out, SIP_STR("phone-context"), &context)) return true;
  scan->at = from; /* 5.1.5: a local number without its context */
  return false;
}

/* hier-part or opaque-part, and the brackets of RFC 3986 3.2.2 */
static bool scan_opaque(sip_scan *scan, sip_uri *out) {
  const char *from = scan->at;
  for (;;) {
    sip_scan_escaped(scan, SIP_CHAR_URI);
    if (sip_scan_peek(scan) != '[' && sip_scan_peek(scan) != ']') break;
    scan->at++;
  }
  out->host = sip_str_between(from, scan->at);
  return out->host.len > 0;
}

static sip_scheme scheme_of(sip_str name) {
  if (SIP_IS(name, "sip")) return SIP_SCHEME_SIP;
  if (SIP_IS(name, "tel")) return SIP_SCHEME_TEL;
  if (SIP_IS(name, "sips")) return SIP_SCHEME_SIPS;
  return SIP_SCHEME_OTHER;
}

/* ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) ":" */
static bool scan_scheme(sip_scan *scan, sip_uri *out) {
  const char *from = scan->at;
  if (!sip_char_is(sip_scan_peek(scan), SIP_CHAR_ALPHA)) return false;
  while (scan->at < scan->end && (*scan->at == '+' || sip_char_is(*scan->at, SIP_CHAR_HOST))) {
    scan->at++;
  }
  out->scheme_text = sip_str_between(from, scan->at);
  out->scheme = scheme_of(out->scheme_text);
  return sip_scan_char(scan, ':');
}

static bool scan_usual_scheme(sip_scan *scan, sip_uri *out) {
  if (scan->end - scan->at < 4 || memcmp(scan->at, "sip:", 4) != 0) return false;
  out->scheme = SIP_SCHEME_SIP;
  out->scheme_text = sip_str_make(scan->at, 3);
  scan->at += 4;
  return true;
}

static bool scan_whole(sip_scan *scan, sip_uri *out) {
  if (!scan_usual_scheme(scan, out) && !scan_scheme(scan, out)) return false;
  switch (out->scheme) {
  case SIP_SCHEME_SIP:
  case SIP_SCHEME_SIPS:
    return scan_sip(scan, out);
  case SIP_SCHEME_TEL:
    return scan_tel(scan, out);
  default:
    return scan_opaque(scan, out);
  }
}

int sip_scan_uri(sip_scan *scan, sip_uri *out) {
  static const sip_uri nothing; /* to copy it is faster than to clear, where that is `rep stos` */
  *out = nothing;
  out->text = sip_str_between(scan->at, scan->end);
  sip_scan local = *scan;
  bool matches = scan_whole(&local, out) && sip_scan_done(&local);
  *scan = local;
  return matches ? 0 : SIP_E_URI;
}

int sip_uri_parse(sip_str text, sip_uri *out, size_t *error_at) {
  sip_scan scan = sip_scan_over(text);
  int error = sip_scan_uri(&scan, out);
  if (error && error_at) *error_at = sip_scan_offset(&scan, text);
  out->text = text;
  return error;
}

/* "name[=value]" up to a separator; *rest then begins at it. */
static void take_pair(sip_str *rest, char separator, sip_param *out) {
  size_t len = sip_str_index(*rest, separator);
  sip_str pair = sip_str_make(rest->ptr, len);
  size_t equal = sip_str_index(pair, '=');
  *out = (sip_param){.name = sip_str_make(pair.ptr, equal), .has_value = equal < len};
  if (out->has_value) out->value = sip_str_between(pair.ptr + equal + 1, pair.ptr + len);
  *rest = sip_str_between(rest->ptr + len, rest->ptr + rest->len);
}

static sip_str without_first(sip_str text) {
  return sip_str_make(text.ptr + 1, text.len - 1);
}

bool sip_uri_param_next(sip_str *rest, sip_param *out) {
  if (rest->len == 0) return false;
  if (rest->ptr[0] == ';') *rest = without_first(*rest);
  take_pair(rest, ';', out);
  return true;
}

bool sip_uri_header_next(sip_str *rest, sip_param *out) {
  if (rest->len == 0) return false;
  if (rest->ptr[0] == '&') *rest = without_first(*rest);
  take_pair(rest, '&', out);
  return true;
}

bool sip_uri_param(const sip_uri *uri, sip_str name, sip_str *value) {
  sip_str rest = uri->params;
  sip_param param;
  while (sip_uri_param_next(&rest, &param)) {
    if (!sip_escaped_equal(param.name, name, false)) continue;
    *value = param.value;
    return true;
  }
  return false;
}

bool sip_uri_header(const sip_uri *uri, sip_str name, sip_str *value) {
  sip_str rest = uri->headers;
  sip_param header;
  while (sip_uri_header_next(&rest, &header)) {
    if (!sip_escaped_equal(header.name, name, false)) continue;
    *value = header.value;
    return true;
  }
  return false;
}

sip_transport sip_uri_transport(const sip_uri *uri) {
  sip_str value;
  if (!sip_uri_param(uri, SIP_STR("transport"), &value)) return SIP_TRANSPORT_NONE;
  return sip_transport_parse(value);
}

uint16_t sip_uri_port(const sip_uri *uri) {
  if (uri->port != 0) return uri->port;
  sip_transport transport = sip_uri_transport(uri);
  if (uri->scheme == SIP_SCHEME_SIPS) { /* 26.2.2: TLS below whatever is named */
    bool web = transport == SIP_TRANSPORT_WS || transport == SIP_TRANSPORT_WSS;
    transport = web ? SIP_TRANSPORT_WSS : SIP_TRANSPORT_TLS;
  }
  return sip_transport_default_port(transport);
}

void sip_uri_write_request(const sip_uri *uri, sip_buffer *out) {
  if (uri->scheme != SIP_SCHEME_SIP && uri->scheme != SIP_SCHEME_SIPS) {
    sip_buffer_add(out, uri->text);
    return;
  }
  size_t head = (size_t)(uri->params.ptr - uri->text.ptr);
  sip_buffer_add(out, sip_str_make(uri->text.ptr, head));
  sip_str rest = uri->params;
  sip_param param;
  while (sip_uri_param_next(&rest, &param)) {
    sip_str before = sip_str_between(uri->params.ptr, param.name.ptr);
    bool is_repeated = find_pair(before, param.name).len > 0;
    if (is_repeated || sip_escaped_equal(param.name, SIP_STR("method"), false)) continue;
    sip_buffer_add_char(out, ';');
    sip_buffer_add(out, sip_str_between(param.name.ptr, rest.ptr));
  }
}
