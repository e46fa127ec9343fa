/* SPDX-License-Identifier: MIT
 *
 * Only commas, quotes and brackets matter here; whether the value is well-formed
 * is for the parser of its header to say.
 */
#include "sip/values.h"

#include "sip/scan.h"

/* The words of a Call-ID may hold quotes and brackets that mean nothing
 * (25.1 word), and never a comma. */
static bool has_quotes(sip_header_id id) {
  return id != SIP_HEADER_IN_REPLY_TO;
}

static const char *skip_quoted(const char *at, const char *end) {
  sip_scan scan = {at, end, end};
  sip_str text;
  /* One that is not closed: nothing behind it can be told apart. */
  return sip_scan_quoted(&scan, &text) ? scan.at : end;
}

static const char *find_comma(const char *at, const char *end, sip_header_id id) {
  if (!has_quotes(id)) {
    const char *comma = memchr(at, ',', (size_t)(end - at));
    return comma ? comma : end;
  }
  bool bracketed = false;
  while ((at = sip_find_any(at, end, end, ",\"<>")) < end) {
    if (*at == '"' && !bracketed) {
      at = skip_quoted(at, end);
      continue;
    }
    if (*at == ',' && !bracketed) return at;
    if (*at == '<') bracketed = true;
    if (*at == '>') bracketed = false;
    at++;
  }
  return end;
}

bool sip_values_next(sip_str *rest, sip_header_id id, bool first, sip_str *value) {
  if (rest->len == 0) return false;
  const char *from = rest->ptr, *end = rest->ptr + rest->len;
  if (!first) from++; /* the comma */
  const char *comma = sip_header_kind_of(id) == SIP_HEADER_LIST ? find_comma(from, end, id) : end;
  *value = sip_str_trim(sip_str_between(from, comma));
  *rest = sip_str_between(comma, end);
  return true;
}
