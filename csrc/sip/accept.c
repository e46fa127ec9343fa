/* SPDX-License-Identifier: MIT
 *
 * A range, and its q.
 */
#include "sip/accept.h"

#include "base/error.h"

enum { Q_ONE = 1000, SUBTAG_MAX = 8 };

/* *( SEMI accept-param ) to the end of the value. */
static int finish(sip_scan *scan, const char *from, sip_accept *out) {
  out->range = sip_str_between(from, scan->at);
  out->q = Q_ONE;
  if (!sip_scan_params(scan, &out->params) || !sip_scan_finish(scan)) return SIP_E_HEADER;
  sip_param q;
  if (!sip_param_find(out->params, SIP_STR("q"), &q)) return 0;
  sip_scan value = sip_scan_over(q.value);
  return sip_scan_qvalue(&value, &out->q) && sip_scan_done(&value) ? 0 : SIP_E_HEADER;
}

/* "*" is a token, so what is left to refuse is a type "*" with a subtype. */
int sip_accept_parse(sip_str value, sip_accept *out) {
  *out = (sip_accept){0};
  sip_scan scan = sip_scan_over(value);
  sip_scan_space(&scan);
  const char *from = scan.at;
  if (!sip_scan_media_type(&scan, &out->media)) return SIP_E_HEADER;
  bool any = sip_str_equal(out->media.type, SIP_STR("*"));
  if (any && !sip_str_equal(out->media.subtype, SIP_STR("*"))) return SIP_E_HEADER;
  int error = finish(&scan, from, out);
  out->media.params = out->params;
  return error;
}

int sip_accept_encoding_parse(sip_str value, sip_accept *out) {
  *out = (sip_accept){0};
  sip_scan scan = sip_scan_over(value);
  sip_scan_space(&scan);
  const char *from = scan.at;
  sip_str coding;
  return sip_scan_token(&scan, &coding) ? finish(&scan, from, out) : SIP_E_HEADER;
}

bool sip_scan_language(sip_scan *scan, sip_str *out) {
  const char *from = scan->at;
  unsigned classes = SIP_CHAR_ALPHA;
  sip_str tag;
  do {
    if (!sip_scan_run(scan, classes, &tag) || tag.len > SUBTAG_MAX) return false;
    classes = SIP_CHAR_ALPHA | SIP_CHAR_DIGIT;
  } while (sip_scan_char(scan, '-'));
  *out = sip_str_between(from, scan->at);
  return true;
}

int sip_accept_language_parse(sip_str value, sip_accept *out) {
  *out = (sip_accept){0};
  sip_scan scan = sip_scan_over(value);
  sip_scan_space(&scan);
  const char *from = scan.at;
  sip_str range;
  bool matches = sip_scan_char(&scan, '*') || sip_scan_language(&scan, &range);
  return matches ? finish(&scan, from, out) : SIP_E_HEADER;
}
