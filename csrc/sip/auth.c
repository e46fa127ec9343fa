/* SPDX-License-Identifier: MIT
 *
 * auth-scheme LWS auth-param *( COMMA auth-param )
 */
#include "sip/auth.h"

#include "base/error.h"

/* More is refused: looking for repeated names is quadratic. */
enum { PARAMS_MAX = 64 };

/* auth-param-name EQUAL ( token / quoted-string ) */
static bool scan_param(sip_scan *scan, sip_param *out) {
  *out = (sip_param){.has_value = true};
  if (!sip_scan_token(scan, &out->name) || !sip_scan_separator(scan, '=')) return false;
  if (sip_scan_peek(scan) == '"') return sip_scan_quoted(scan, &out->value);
  return sip_scan_token(scan, &out->value);
}

int sip_auth_next(sip_str *rest, sip_param *out) {
  sip_scan scan = sip_scan_over(*rest);
  if (sip_scan_finish(&scan)) return 0;
  if (!scan_param(&scan, out)) return SIP_E_HEADER;
  bool more = sip_scan_separator(&scan, ',');
  /* Nothing but a comma follows, and something follows that. */
  if (more == sip_scan_done(&scan)) return SIP_E_HEADER;
  *rest = sip_str_between(scan.at, scan.end);
  return 1;
}

bool sip_auth_find(const sip_auth *auth, sip_str name, sip_param *out) {
  sip_str rest = auth->params;
  while (sip_auth_next(&rest, out) == 1) {
    if (sip_str_equal_nocase(out->name, name)) return true;
  }
  return false;
}

static bool names_differ(sip_str params, sip_str *names) {
  sip_param param;
  size_t count = 0;
  int more;
  while ((more = sip_auth_next(&params, &param)) == 1) {
    if (count == PARAMS_MAX) return false;
    for (size_t i = 0; i < count; i++) {
      if (sip_str_equal_nocase(names[i], param.name)) return false;
    }
    names[count++] = param.name;
  }
  return more == 0;
}

/* RFC 8898 2.1.1 b64token */
static bool scan_token68(sip_scan *scan, sip_str *out) {
  const char *from = scan->at;
  while (scan->at < scan->end && (sip_char_is(*scan->at, SIP_CHAR_ALPHA | SIP_CHAR_DIGIT) ||
                                  memchr("-._~+/", *scan->at, 6))) {
    scan->at++;
  }
  bool some = scan->at > from;
  while (sip_scan_char(scan, '=')) continue;
  *out = sip_str_between(from, scan->at);
  return some && sip_scan_finish(scan);
}

int sip_auth_parse_scheme(sip_str value, sip_auth *out) {
  *out = (sip_auth){0};
  sip_scan scan = sip_scan_over(value);
  sip_scan_space(&scan);
  if (!sip_scan_token(&scan, &out->scheme) || !sip_scan_gap(&scan)) return SIP_E_HEADER;
  out->params = sip_str_between(scan.at, scan.end);
  return 0;
}

int sip_auth_parse(sip_str value, sip_auth *out) {
  int error = sip_auth_parse_scheme(value, out);
  if (error) return error;
  sip_scan token68 = sip_scan_over(out->params);
  bool digest = SIP_IS(out->scheme, "digest"); /* 25.1: parameters always */
  if (!digest && scan_token68(&token68, &out->token68)) {
    out->params = (sip_str){0};
    return 0;
  }
  out->token68 = (sip_str){0};
  sip_str names[PARAMS_MAX];
  return out->params.len > 0 && names_differ(out->params, names) ? 0 : SIP_E_HEADER;
}
