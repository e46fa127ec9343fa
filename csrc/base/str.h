/* SPDX-License-Identifier: MIT
 *
 * A slice of bytes somebody else owns. Every string of the core travels as one
 * of these, by value; nothing in it is terminated by a NUL.
 */
#ifndef MOONSIP_BASE_STR_H
#define MOONSIP_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct sip_str {
  const char *ptr; /* may be NULL when len is 0 */
  size_t len;
} sip_str;

/* A slice of a string literal. */
#define SIP_STR(literal) ((sip_str){(literal), sizeof(literal) - 1})

static inline sip_str sip_str_make(const char *ptr, size_t len) {
  return (sip_str){ptr, len};
}

static inline sip_str sip_str_between(const char *from, const char *to) {
  return (sip_str){from, (size_t)(to - from)};
}

static inline bool sip_str_equal(sip_str a, sip_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ASCII case only, as RFC 3261 7.3.1 wants for tokens. */
bool sip_str_equal_nocase(sip_str a, sip_str b);
bool sip_str_starts_nocase(sip_str text, sip_str prefix);

/* Without the SP, HTAB, CR and LF at both ends. */
sip_str sip_str_trim(sip_str text);

/* Index of the first `byte`, or text.len. */
size_t sip_str_index(sip_str text, char byte);

/* The value of the first "name=value" in a list that ";" separates, by its name without
 * case, as the format parameters of SDP are. False when there is none. */
bool sip_str_param(sip_str list, sip_str name, sip_str *value);

/* Decimal number of 1 to 20 digits and nothing else (leading zeros allowed).
 * False when a byte is no digit, the text is empty, or the value exceeds max. */
bool sip_str_to_number(sip_str text, uint64_t max, uint64_t *out);

/* True when the text holds CR, LF or NUL, which no header value may. */
bool sip_str_has_line_break(sip_str text);

#endif
