/* SPDX-License-Identifier: MIT
 *
 * The lines of a header section (RFC 3261 7.3.1): where each begins and ends,
 * folds included. Parser and framer both read through this, so they cannot
 * disagree on where a section ends.
 */
#ifndef MOONSIP_SIP_SECTION_H
#define MOONSIP_SIP_SECTION_H

#include "sip/header_find.h"
#include "sip/scan.h"

typedef struct sip_section {
  const char *at; /* the next line; after the end, the body */
  const char *end;
  int error; /* the first of the line that was read: SIP_E_LINE_END, _HEADER ... */
  const char *error_at;
} sip_section;

typedef enum sip_line_kind {
  SIP_LINE_HEADER,
  SIP_LINE_NO_HEADER, /* malformed: no name and colon */
  SIP_LINE_EMPTY,     /* the end of the section */
  SIP_LINE_TRUNCATED  /* the bytes end before it */
} sip_line_kind;

typedef struct sip_line {
  sip_header_id id;
  sip_str name;
  sip_str value; /* without the space around it; folds are in it */
} sip_line;

static inline void sip_section_init(sip_section *section, sip_str bytes) {
  const char *at = bytes.ptr ? bytes.ptr : "";
  *section = (sip_section){.at = at, .end = at + bytes.len};
}

/* The start line, without its line end. It does not fold. */
sip_str sip_section_start_line(sip_section *section);

/* Any line: folds, blanks in front of the colon, names that nobody knows, errors. */
sip_line_kind sip_section_next_of_any_kind(sip_section *section, sip_line *out);

/* The colon of a usual line is found within as many bytes, and as many follow it at
 * the least: a space, a byte, CRLF, and what the next line begins with. */
enum { SIP_NAME_REACH = 32, SIP_LINE_REST = 5 };

static inline bool sip_is_text_byte(char c) {
  return (unsigned char)c > ' ';
}

/* "Name: value" CRLF with a known name, one space, and no fold: most lines. False,
 * and nothing done, for others. */
static inline bool sip_section_next_usual(sip_section *section, sip_line *out) {
  const char *from = section->at, *end = section->end;
  size_t reach = end - from < SIP_NAME_REACH ? (size_t)(end - from) : SIP_NAME_REACH;
  const char *colon = sip_find_byte(from, from + reach, end, ':');
  if (end - colon < SIP_LINE_REST + 1) return false;
  out->name = sip_str_between(from, colon);
  out->id = sip_header_find_within(out->name, end);
  const char *value = colon + 2;
  if (out->id == SIP_HEADER_UNKNOWN || colon[1] != ' ' || !sip_is_text_byte(*value)) return false;
  const char *stop = sip_find_control(value, end);
  if (end - stop < SIP_LINE_REST - 2 || memcmp(stop, "\r\n", 2) != 0) return false;
  if (sip_is_blank(stop[2]) || !sip_is_text_byte(stop[-1])) return false;
  out->value = sip_str_between(value, stop);
  section->at = stop + 2;
  return true;
}

/* Errors of a line are in section->error, which the caller clears. A bare LF ends a
 * line, so that the fields behind it can still be found; it is an error all the
 * same, as are a bare CR, and any other control byte that is no quoted pair. */
static inline sip_line_kind sip_section_next(sip_section *section, sip_line *out) {
  if (sip_section_next_usual(section, out)) return SIP_LINE_HEADER;
  return sip_section_next_of_any_kind(section, out);
}

#endif
