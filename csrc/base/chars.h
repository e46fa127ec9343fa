/* SPDX-License-Identifier: MIT
 *
 * Character classes of RFC 3261 section 25.1, one table look-up each.
 */
#ifndef MOONSIP_BASE_CHARS_H
#define MOONSIP_BASE_CHARS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum {
  SIP_CHAR_DIGIT = 1 << 0,
  SIP_CHAR_ALPHA = 1 << 1,
  SIP_CHAR_HEX = 1 << 2,
  SIP_CHAR_TOKEN = 1 << 3,   /* alphanum -.!%*_+`'~ */
  SIP_CHAR_WORD = 1 << 4,    /* token and ()<>:\"/[]?{} */
  SIP_CHAR_USER = 1 << 5,    /* unreserved and user-unreserved, without "%" */
  SIP_CHAR_PARAM = 1 << 6,   /* paramchar of a URI parameter, without "%" */
  SIP_CHAR_HEADER = 1 << 7,  /* hnv-unreserved and unreserved, without "%" */
  SIP_CHAR_HOST = 1 << 8,    /* alphanum - . */
  SIP_CHAR_URI = 1 << 9,     /* uric: reserved and unreserved, without "%" */
  SIP_CHAR_SPACE = 1 << 10,  /* SP and HTAB */
  SIP_CHAR_CONTROL = 1 << 11 /* 0x00-0x1f but HTAB, and 0x7f */
};

extern const uint16_t sip_char_classes[256];

static inline bool sip_char_is(char c, unsigned classes) {
  return (sip_char_classes[(unsigned char)c] & classes) != 0;
}

/* Every byte of a text that is not empty is in one of the classes. */
static inline bool sip_str_is(sip_str text, unsigned classes) {
  for (size_t i = 0; i < text.len; i++) {
    if (!sip_char_is(text.ptr[i], classes)) return false;
  }
  return text.len > 0;
}

static inline char sip_char_lower(char c) {
  return (c >= 'A' && c <= 'Z') ? (char)(c | 0x20) : c;
}

/* 0 to 15, or -1. */
static inline int sip_char_hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = sip_char_lower(c);
  return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}

#endif
