/* SPDX-License-Identifier: MIT
 *
 * The longer steps.
 */
#include "sip/scan.h"

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

void sip_scan_fold(sip_scan *scan) {
  for (;;) {
    while (scan->at < scan->end && is_blank(*scan->at)) scan->at++;
    bool folds = scan->end - scan->at >= 3 && scan->at[0] == '\r' && scan->at[1] == '\n' &&
                 is_blank(scan->at[2]);
    if (!folds) return;
    scan->at += 3;
  }
}

bool sip_scan_gap(sip_scan *scan) {
  const char *from = scan->at;
  sip_scan_space(scan);
  return scan->at > from;
}

bool sip_scan_word(sip_scan *scan, sip_str word) {
  const char *from = scan->at;
  sip_str token;
  if (sip_scan_token(scan, &token) && sip_str_equal_nocase(token, word)) return true;
  scan->at = from;
  return false;
}

bool sip_scan_number(sip_scan *scan, uint64_t max, uint64_t *out) {
  enum { SAFE_DIGITS = 19 }; /* what 64 bits hold of any digits */
  const char *from = scan->at;
  while (scan->at < scan->end && *scan->at == '0') scan->at++;
  const char *first = scan->at;
  uint64_t value = 0;
  while (scan->at < scan->end && sip_char_is(*scan->at, SIP_CHAR_DIGIT)) {
    if (scan->at - first < SAFE_DIGITS) value = value * 10 + (uint64_t)(*scan->at - '0');
    scan->at++;
  }
  bool fits = scan->at - first <= SAFE_DIGITS && value <= max;
  *out = fits ? value : max;
  return fits && scan->at > from;
}

/* quoted-pair = "\" (%x00-09 / %x0B-0C / %x0E-7F) */
static bool quoted_pair(sip_scan *scan) {
  if (scan->end - scan->at < 2) {
    scan->at = scan->end;
    return false;
  }
  unsigned char c = (unsigned char)scan->at[1];
  if (c == '\r' || c == '\n' || c > 0x7f) return false;
  scan->at += 2;
  return true;
}

/* A fold inside quotes or parentheses. */
static bool inner_fold(sip_scan *scan) {
  const char *from = scan->at;
  sip_scan_fold(scan);
  return scan->at > from;
}

bool sip_scan_quoted(sip_scan *scan, sip_str *out) {
  const char *from = scan->at;
  if (!sip_scan_char(scan, '"')) return false;
  while (scan->at < scan->end) {
    char c = *scan->at;
    if (c == '"') {
      scan->at++;
      *out = sip_str_between(from, scan->at);
      return true;
    }
    if (c == '\\') {
      if (!quoted_pair(scan)) return false;
    } else if (c == '\r') {
      if (!inner_fold(scan)) return false;
    } else if (sip_char_is(c, SIP_CHAR_CONTROL)) {
      return false;
    } else {
      scan->at++;
    }
  }
  return false;
}

bool sip_scan_comment(sip_scan *scan, sip_str *out) {
  const char *from = scan->at;
  if (sip_scan_peek(scan) != '(') return false;
  size_t depth = 0;
  while (scan->at < scan->end) {
    char c = *scan->at;
    if (c == '\\') {
      if (!quoted_pair(scan)) return false;
      continue;
    }
    if (c == '\r') {
      if (!inner_fold(scan)) return false;
      continue;
    }
    if (sip_char_is(c, SIP_CHAR_CONTROL)) return false;
    scan->at++;
    if (c == '(') depth++;
    if (c == ')' && --depth == 0) {
      *out = sip_str_between(from, scan->at);
      return true;
    }
  }
  return false;
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
