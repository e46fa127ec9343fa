/* SPDX-License-Identifier: MIT
 *
 * The display name, the URI with or without brackets, the parameters.
 */
#include "sip/name_addr.h"

#include "base/error.h"

enum { Q_ONE = 1000, EXPIRES_MALFORMED = 3600 };

/* *( token LWS ) up to "<", or nothing when an addr-spec begins here. */
static bool scan_display(sip_scan *scan, sip_name_addr *out) {
  const char *from = scan->at, *until = from;
  sip_str token;
  while (sip_scan_token(scan, &token)) {
    until = scan->at;
    sip_scan_space(scan);
  }
  if (sip_scan_peek(scan) == '<') {
    out->display = sip_str_between(from, until);
    return true;
  }
  if (sip_scan_peek(scan) != ':') return false;
  scan->at = from;
  return true;
}

/* The URI from the cursor to `end`. */
static int scan_uri(sip_scan *scan, const char *end, sip_uri *out) {
  sip_scan inside = {scan->at, end, scan->limit};
  int error = sip_scan_uri(&inside, out);
  scan->at = inside.at;
  return error;
}

/* LAQUOT addr-spec RAQUOT; no space is allowed inside the brackets. */
static int scan_bracketed(sip_scan *scan, sip_name_addr *out) {
  scan->at++;
  const char *close = sip_find_byte(scan->at, scan->end, scan->limit, '>');
  if (close == scan->end) {
    scan->at = close;
    return SIP_E_HEADER;
  }
  int error = scan_uri(scan, close, &out->uri);
  if (error) return error;
  scan->at = close + 1;
  out->bracketed = true;
  return 0;
}

static bool ends_bare_uri(char c) {
  return c == ';' || c == ',' || c == '?' || c == ' ' || c == '\t' || c == '\r';
}

/* addr-spec alone: ends where a comma, question mark or semicolon would have
 * wanted brackets (20, RFC 8217). */
static int scan_bare(sip_scan *scan, sip_name_addr *out) {
  const char *end = scan->at;
  while (end < scan->end && !ends_bare_uri(*end)) end++;
  int error = scan_uri(scan, end, &out->uri);
  if (error) return error;
  return sip_scan_peek(scan) == '?' ? SIP_E_URI : 0;
}

static int scan_address(sip_scan *scan, sip_name_addr *out) {
  char first = sip_scan_peek(scan);
  if (first == '"') {
    if (!sip_scan_quoted(scan, &out->display)) return SIP_E_HEADER;
    sip_scan_space(scan);
    if (sip_scan_peek(scan) != '<') return SIP_E_HEADER;
  } else if (first != '<' && !scan_display(scan, out)) {
    return SIP_E_HEADER;
  }
  return sip_scan_peek(scan) == '<' ? scan_bracketed(scan, out) : scan_bare(scan, out);
}

/* *( SEMI generic-param ); a tag is a token and comes once (19.3). */
static int scan_params(sip_scan *scan, sip_name_addr *out) {
  sip_scan_space(scan);
  const char *from = scan->at, *until = from;
  sip_param param;
  while (sip_scan_separator(scan, ';')) {
    if (!sip_scan_param(scan, &param)) return SIP_E_HEADER;
    until = scan->at;
    if (!SIP_IS(param.name, "tag")) continue;
    if (out->tag.len > 0 || param.value.len == 0 || param.value.ptr[0] == '"') {
      scan->at = param.name.ptr;
      return SIP_E_HEADER;
    }
    out->tag = param.value;
  }
  out->params = sip_str_between(from, until);
  return 0;
}

static int scan_value(sip_scan *scan, sip_name_addr *out) {
  sip_scan_space(scan);
  int error = scan_address(scan, out);
  if (!error) error = scan_params(scan, out);
  if (error) return error;
  return sip_scan_done(scan) || *scan->at == ',' ? 0 : SIP_E_HEADER;
}

/* Everything but the URI, which is set whenever it is looked at. */
static void clear(sip_name_addr *out) {
  out->display = out->params = out->tag = (sip_str){0};
  out->bracketed = out->star = false;
}

int sip_scan_name_addr(sip_scan *scan, sip_name_addr *out) {
  clear(out);
  sip_scan local = *scan;
  int error = scan_value(&local, out);
  *scan = local;
  return error;
}

int sip_name_addr_parse(sip_str value, sip_name_addr *out) {
  if (sip_str_equal(sip_str_trim(value), SIP_STR("*"))) {
    clear(out);
    out->uri = (sip_uri){0};
    out->star = true;
    return 0;
  }
  sip_scan scan = sip_scan_over(value);
  int error = sip_scan_name_addr(&scan, out);
  if (error) return error;
  return sip_scan_done(&scan) ? 0 : SIP_E_HEADER;
}

int sip_name_addr_q(const sip_name_addr *address) {
  sip_param param;
  if (!sip_param_find(address->params, SIP_STR("q"), &param)) return Q_ONE;
  sip_scan scan = sip_scan_over(param.value);
  int q;
  return sip_scan_qvalue(&scan, &q) && sip_scan_done(&scan) ? q : SIP_E_HEADER;
}

uint32_t sip_name_addr_expires(const sip_name_addr *address, uint32_t otherwise) {
  sip_param param;
  if (!sip_param_find(address->params, SIP_STR("expires"), &param)) return otherwise;
  sip_scan scan = sip_scan_over(param.value);
  uint64_t seconds;
  sip_scan_number(&scan, UINT32_MAX, &seconds);
  bool digits = param.value.len > 0 && sip_scan_done(&scan);
  return digits ? (uint32_t)seconds : EXPIRES_MALFORMED;
}
