/* SPDX-License-Identifier: MIT
 *
 * The rules of RFC 3261 25.1 that every header field is made of, as steps of a
 * cursor. A step that does not match leaves the cursor where it began or at the
 * byte that is wrong, which is how errors come by their position.
 *
 * The steps are inline and what they call takes pointers by value, so that a
 * cursor that is a local variable lives in registers. Functions that do much work
 * on the cursor of a caller therefore copy it, and copy it back.
 */
#ifndef MOONSIP_SIP_SCAN_H
#define MOONSIP_SIP_SCAN_H

#include "base/chars.h"
#include "base/str.h"
#include "sip/bytes.h"

typedef struct sip_scan {
  const char *at;
  const char *end;
  const char *limit; /* what may be read: end, or behind it (bytes.h) */
} sip_scan;

static inline sip_scan sip_scan_over(sip_str text) {
  const char *from = text.ptr ? text.ptr : "";
  return (sip_scan){from, from + text.len, from + text.len};
}

static inline bool sip_scan_done(const sip_scan *scan) {
  return scan->at == scan->end;
}

/* The byte at the cursor, or NUL at the end (which no rule begins with). */
static inline char sip_scan_peek(const sip_scan *scan) {
  return scan->at < scan->end ? *scan->at : '\0';
}

static inline size_t sip_scan_offset(const sip_scan *scan, sip_str text) {
  return (size_t)(scan->at - text.ptr);
}

static inline bool sip_is_blank(char c) {
  return c == ' ' || c == '\t';
}

/* --- White space ----------------------------------------------------------- */

/* Behind the folds and blanks at `at`; a CRLF that no blank follows is no fold. */
const char *sip_skip_folds(const char *at, const char *end);

/* SWS: spaces, tabs, and CRLF before one of them. Always matches. */
static inline void sip_scan_space(sip_scan *scan) {
  const char *at = scan->at, *end = scan->end;
  if (at == end || (unsigned char)*at > ' ') return;
  bool one = *at == ' ' && end - at > 1 && (unsigned char)at[1] > ' ';
  scan->at = one ? at + 1 : sip_skip_folds(at, end);
}

/* SWS, then nothing. */
static inline bool sip_scan_finish(sip_scan *scan) {
  sip_scan_space(scan);
  return sip_scan_done(scan);
}

/* LWS: as SWS, but not empty. */
static inline bool sip_scan_gap(sip_scan *scan) {
  const char *from = scan->at;
  sip_scan_space(scan);
  return scan->at > from;
}

/* --- Single bytes ------------------------------------------------------------ */

/* Exactly this byte. */
static inline bool sip_scan_char(sip_scan *scan, char c) {
  if (scan->at == scan->end || *scan->at != c) return false;
  scan->at++;
  return true;
}

/* SEMI, COMMA, EQUAL, SLASH, COLON ...: the byte with SWS at both sides. The
 * SWS in front is consumed also when the byte does not follow. */
static inline bool sip_scan_separator(sip_scan *scan, char c) {
  sip_scan_space(scan);
  if (!sip_scan_char(scan, c)) return false;
  sip_scan_space(scan);
  return true;
}

/* --- Runs ----------------------------------------------------------------------- */

/* One or more bytes of the classes of base/chars.h. */
static inline bool sip_scan_run(sip_scan *scan, unsigned classes, sip_str *out) {
  const char *from = scan->at, *at = from;
  while (at < scan->end && sip_char_is(*at, classes)) at++;
  scan->at = at;
  *out = sip_str_between(from, at);
  return at > from;
}

/* The same for classes that SIP_CHAR_HOST is part of: token, word, user ... Most
 * of their bytes are letters and digits. */
static inline bool sip_scan_wide_run(sip_scan *scan, unsigned classes, sip_str *out) {
  const char *from = scan->at, *at = from;
  while ((at = sip_skip_host(at, scan->end, scan->limit)) < scan->end &&
         sip_char_is(*at, classes)) {
    at++;
  }
  scan->at = at;
  *out = sip_str_between(from, at);
  return at > from;
}

static inline bool sip_scan_token(sip_scan *scan, sip_str *out) {
  return sip_scan_wide_run(scan, SIP_CHAR_TOKEN, out);
}

/* The text is this word, given in lower case, without case. */
#define SIP_IS(text, literal) sip_is_word((text), (literal), sizeof(literal) - 1)
static inline bool sip_is_word(sip_str text, const char *word, size_t len) {
  if (text.len != len) return false;
  return memcmp(text.ptr, word, len) == 0 || sip_str_equal_nocase(text, (sip_str){word, len});
}

/* --- Numbers ------------------------------------------------------------------------ */

enum { SIP_SAFE_DIGITS = 19 }; /* what 64 bits hold of any digits */

/* 1*DIGIT. False also when the number exceeds max: then the cursor is at its
 * end and *out is max. */
static inline bool sip_scan_number(sip_scan *scan, uint64_t max, uint64_t *out) {
  const char *from = scan->at, *at = from, *end = scan->end;
  while (at < end && *at == '0') at++;
  const char *first = at;
  uint64_t value = 0;
  for (; at < end && *at >= '0' && *at <= '9'; at++) {
    if (at - first < SIP_SAFE_DIGITS) value = value * 10 + (uint64_t)(*at - '0');
  }
  bool fits = at - first <= SIP_SAFE_DIGITS && value <= max;
  scan->at = at;
  *out = fits ? value : max;
  return fits && at > from;
}

/* qvalue in thousandths: 0 to 1000. */
bool sip_scan_qvalue(sip_scan *scan, int *out);

/* --- Quotes and comments --------------------------------------------------------------- */

/* Behind the quoted string or comment that begins at `at`; NULL when it is
 * malformed or does not end. */
const char *sip_skip_quoted(const char *at, const char *end, const char *limit);
const char *sip_skip_comment(const char *at, const char *end);

/* quoted-string without the SWS in front; *out has the quotes. */
static inline bool sip_scan_quoted(sip_scan *scan, sip_str *out) {
  const char *end = sip_skip_quoted(scan->at, scan->end, scan->limit);
  if (!end) return false;
  *out = sip_str_between(scan->at, end);
  scan->at = end;
  return true;
}

/* comment, nested to any depth that the text allows; *out has the parentheses. */
static inline bool sip_scan_comment(sip_scan *scan, sip_str *out) {
  const char *end = sip_skip_comment(scan->at, scan->end);
  if (!end) return false;
  *out = sip_str_between(scan->at, end);
  scan->at = end;
  return true;
}

#endif
