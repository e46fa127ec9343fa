/* SPDX-License-Identifier: MIT
 *
 * The longer steps.
 */
#include "sip/scan.h"

const char *sip_skip_folds(const char *at, const char *end) {
  for (;;) {
    while (at < end && sip_is_blank(*at)) at++;
    bool folds = end - at >= 3 && at[0] == '\r' && at[1] == '\n' && sip_is_blank(at[2]);
    if (!folds) return at;
    at += 3;
  }
}

/* quoted-pair = "\" (%x00-09 / %x0B-0C / %x0E-7F); behind it, or NULL */
static const char *skip_pair(const char *at, const char *end) {
  if (end - at < 2) return NULL;
  unsigned char c = (unsigned char)at[1];
  return c == '\r' || c == '\n' || c > 0x7f ? NULL : at + 2;
}

/* A fold inside quotes or parentheses; NULL when the CR is none. */
static const char *skip_inner_fold(const char *at, const char *end) {
  const char *behind = sip_skip_folds(at, end);
  return behind > at ? behind : NULL;
}

const char *sip_skip_quoted(const char *at, const char *end, const char *limit) {
  if (at == end || *at != '"') return NULL;
  at++;
  while (at && (at = sip_find_quoted(at, end, limit)) < end) {
    if (*at == '"') return at + 1;
    if (*at == '\\') {
      at = skip_pair(at, end);
    } else {
      at = *at == '\r' ? skip_inner_fold(at, end) : NULL;
    }
  }
  return NULL;
}

const char *sip_skip_comment(const char *at, const char *end) {
  if (at == end || *at != '(') return NULL;
  size_t depth = 0;
  while (at && at < end) {
    char c = *at;
    if (c == '\\') {
      at = skip_pair(at, end);
    } else if (c == '\r') {
      at = skip_inner_fold(at, end);
    } else if (sip_char_is(c, SIP_CHAR_CONTROL)) {
      return NULL;
    } else {
      at++;
      if (c == '(') depth++;
      if (c == ')' && --depth == 0) return at;
    }
  }
  return NULL;
}

bool sip_scan_qvalue(sip_scan *scan, int *out) {
  enum { ONE = 1000, DECIMALS = 3 };
  char first = sip_scan_peek(scan);
  if (first != '0' && first != '1') return false;
  scan->at++;
  int value = first == '1' ? ONE : 0;
  if (sip_scan_char(scan, '.')) {
    int weight = ONE / 10;
    for (int i = 0; i < DECIMALS && sip_char_is(sip_scan_peek(scan), SIP_CHAR_DIGIT); i++) {
      value += (*scan->at++ - '0') * weight;
      weight /= 10;
    }
  }
  if (value > ONE) return false;
  *out = value;
  return true;
}
