/* SPDX-License-Identifier: MIT
 *
 * When two URIs are the same (RFC 3261 19.1.4, RFC 3966 4, RFC 3986 6.2.2).
 */
#include "sip/host.h"
#include "sip/uri.h"

/* Parameters that never match a URI without them: all of 19.1.4 that have a
 * default value, and maddr. */
static bool must_be_in_both(sip_str name) {
  static const sip_str names[] = {
      {"transport", 9}, {"user", 4}, {"ttl", 3}, {"method", 6}, {"maddr", 5}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (sip_escaped_equal(name, names[i], false)) return true;
  }
  return false;
}

static bool sip_param_matches(const sip_param *a, sip_str b) {
  if (sip_escaped_equal(a->name, SIP_STR("maddr"), false)) return sip_host_equal(a->value, b);
  bool method = sip_escaped_equal(a->name, SIP_STR("method"), false); /* 7.1: case matters */
  return sip_escaped_equal(a->value, b, method);
}

/* Every parameter of a matches b's, or may be absent there. */
static bool sip_params_match(const sip_uri *a, const sip_uri *b) {
  sip_str rest = a->params, value;
  sip_param param;
  while (sip_uri_param_next(&rest, &param)) {
    bool in_both = sip_uri_param(b, param.name, &value);
    if (in_both ? !sip_param_matches(&param, value) : must_be_in_both(param.name)) return false;
  }
  return true;
}

/* How often this very header is in the URI. */
static size_t count_header(const sip_uri *uri, const sip_param *header) {
  sip_str rest = uri->headers;
  sip_param other;
  size_t count = 0;
  while (sip_uri_header_next(&rest, &other)) {
    count += sip_escaped_equal(other.name, header->name, false) &&
             sip_escaped_equal(other.value, header->value, false);
  }
  return count;
}

/* Every header of a is as often in b. */
static bool headers_match(const sip_uri *a, const sip_uri *b) {
  sip_str rest = a->headers;
  sip_param header;
  while (sip_uri_header_next(&rest, &header)) {
    if (count_header(a, &header) != count_header(b, &header)) return false;
  }
  return true;
}

static bool sip_equal(const sip_uri *a, const sip_uri *b) {
  return a->has_user == b->has_user && a->has_password == b->has_password && a->port == b->port &&
         sip_escaped_equal(a->user, b->user, true) &&
         sip_escaped_equal(a->password, b->password, true) && sip_host_equal(a->host, b->host) &&
         sip_params_match(a, b) && sip_params_match(b, a) && headers_match(a, b) &&
         headers_match(b, a);
}

static char next_digit(const char **at, const char *end) {
  while (*at < end && memchr("-.()", **at, 4)) (*at)++;
  return *at < end ? sip_char_lower(*(*at)++) : '\0';
}

/* Without the visual separators and without case. */
static bool numbers_equal(sip_str a, sip_str b) {
  if (a.len == 0 || b.len == 0) return a.len == b.len;
  const char *x = a.ptr, *y = b.ptr;
  for (;;) {
    char p = next_digit(&x, a.ptr + a.len), q = next_digit(&y, b.ptr + b.len);
    if (p != q) return false;
    if (p == '\0') return true;
  }
}

static bool tel_param_matches(const sip_param *a, sip_str b) {
  bool number = sip_str_equal_nocase(a->name, SIP_STR("ext"));
  if (sip_str_equal_nocase(a->name, SIP_STR("phone-context"))) {
    number = a->value.len > 0 && a->value.ptr[0] == '+';
    if (!number) return sip_host_equal(a->value, b);
  }
  return number ? numbers_equal(a->value, b) : sip_escaped_equal(a->value, b, false);
}

static bool tel_params_match(const sip_uri *a, const sip_uri *b) {
  sip_str rest = a->params, value;
  sip_param param;
  while (sip_uri_param_next(&rest, &param)) {
    if (!sip_uri_param(b, param.name, &value) || !tel_param_matches(&param, value)) return false;
  }
  return true;
}

static bool tel_equal(const sip_uri *a, const sip_uri *b) {
  return numbers_equal(a->user, b->user) && tel_params_match(a, b) && tel_params_match(b, a);
}

bool sip_uri_equal(const sip_uri *a, const sip_uri *b) {
  if (a->scheme != b->scheme) return false;
  switch (a->scheme) {
  case SIP_SCHEME_SIP:
  case SIP_SCHEME_SIPS:
    return sip_equal(a, b);
  case SIP_SCHEME_TEL:
    return tel_equal(a, b);
  default:
    return sip_str_equal_nocase(a->scheme_text, b->scheme_text) &&
           sip_escaped_equal(a->host, b->host, true);
  }
}
