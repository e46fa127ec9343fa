/* SPDX-License-Identifier: MIT
 *
 * The rules of RFC 3261 25.1 that every header field is made of, as steps of a
 * cursor. A step that does not match leaves the cursor at the byte that is
 * wrong, which is how errors come by their position.
 */
#ifndef MOONSIP_SIP_SCAN_H
#define MOONSIP_SIP_SCAN_H

#include "base/chars.h"
#include "base/str.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef struct sip_scan {
  const char *at;
  const char *end;
} sip_scan;

static inline sip_scan sip_scan_over(sip_str text) {
  const char *from = text.ptr ? text.ptr : "";
  return (sip_scan){from, from + text.len};
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

/* LWS with at least one fold in it; the slow half of sip_scan_space. */
void sip_scan_fold(sip_scan *scan);

/* SWS: spaces, tabs, and CRLF before one of them. Always matches. */
static inline void sip_scan_space(sip_scan *scan) {
  while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t')) scan->at++;
  if (scan->at < scan->end && *scan->at == '\r') sip_scan_fold(scan);
}

/* SWS, then nothing. */
static inline bool sip_scan_finish(sip_scan *scan) {
  sip_scan_space(scan);
  return sip_scan_done(scan);
}

/* LWS: as SWS, but not empty. */
bool sip_scan_gap(sip_scan *scan);

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

/* One or more bytes of the classes of base/chars.h. */
static inline bool sip_scan_run(sip_scan *scan, unsigned classes, sip_str *out) {
  const char *from = scan->at;
  while (scan->at < scan->end && sip_char_is(*scan->at, classes)) scan->at++;
  *out = sip_str_between(from, scan->at);
  return out->len > 0;
}

static inline bool sip_scan_token(sip_scan *scan, sip_str *out) {
  return sip_scan_run(scan, SIP_CHAR_TOKEN, out);
}

/* A token that is this word, without case. */
bool sip_scan_word(sip_scan *scan, sip_str word);

/* 1*DIGIT. False also when the number exceeds max: then the cursor is at its
 * end and *out is max. */
bool sip_scan_number(sip_scan *scan, uint64_t max, uint64_t *out);

/* quoted-string without the SWS in front; *out has the quotes. */
bool sip_scan_quoted(sip_scan *scan, sip_str *out);

/* comment, nested to any depth that the text allows; *out has the parentheses. */
bool sip_scan_comment(sip_scan *scan, sip_str *out);

/* qvalue in thousandths: 0 to 1000. */
bool sip_scan_qvalue(sip_scan *scan, int *out);

/* The first byte in [at, end) that header text may not hold as it is: a control
 * other than HTAB (CR and LF are among them), or end. */
static inline const char *sip_scan_text(const char *at, const char *end) {
#ifdef __SSE2__
  const __m128i last_control = _mm_set1_epi8(0x1f), del = _mm_set1_epi8(0x7f);
  const __m128i tab = _mm_set1_epi8('\t');
  for (; end - at >= 16; at += 16) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
    __m128i bad =
        _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), low), _mm_cmpeq_epi8(bytes, del));
    int mask = _mm_movemask_epi8(bad);
    if (mask) return at + __builtin_ctz((unsigned)mask);
  }
#endif
  while (at < end && !sip_char_is(*at, SIP_CHAR_CONTROL)) at++;
  return at;
}

/* The first of four bytes in [at, end), or end. */
static inline const char *sip_scan_until(const char *at, const char *end, const char set[4]) {
#ifdef __SSE2__
  const __m128i a = _mm_set1_epi8(set[0]), b = _mm_set1_epi8(set[1]);
  const __m128i c = _mm_set1_epi8(set[2]), d = _mm_set1_epi8(set[3]);
  for (; end - at >= 16; at += 16) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i ab = _mm_or_si128(_mm_cmpeq_epi8(bytes, a), _mm_cmpeq_epi8(bytes, b));
    __m128i cd = _mm_or_si128(_mm_cmpeq_epi8(bytes, c), _mm_cmpeq_epi8(bytes, d));
    int mask = _mm_movemask_epi8(_mm_or_si128(ab, cd));
    if (mask) return at + __builtin_ctz((unsigned)mask);
  }
#endif
  while (at < end && *at != set[0] && *at != set[1] && *at != set[2] && *at != set[3]) at++;
  return at;
}

#endif
