/* SPDX-License-Identifier: MIT
 *
 * The lines of a header section (RFC 3261 7.3.1): where each begins and ends,
 * folds included. Parser and framer both read through this, so they cannot
 * disagree on where a section ends.
 */
#ifndef MOONSIP_SIP_SECTION_H
#define MOONSIP_SIP_SECTION_H

#include "sip/header.h"
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
  sip_str value; /* without the space around it */
  size_t len;    /* of the line with its folds and without its last line end */
} sip_line;

static inline void sip_section_init(sip_section *section, sip_str bytes) {
  const char *at = bytes.ptr ? bytes.ptr : "";
  *section = (sip_section){.at = at, .end = at + bytes.len};
}

/* The start line, without its line end. It does not fold. */
sip_str sip_section_start_line(sip_section *section);

/* Errors of a line are in section->error, which the caller clears. A bare LF ends a
 * line, so that the fields behind it can still be found; it is an error all the
 * same, as are a bare CR, and any other control byte that is no quoted pair. */
sip_line_kind sip_section_next(sip_section *section, sip_line *out);

#endif
