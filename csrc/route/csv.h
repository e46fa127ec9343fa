/* SPDX-License-Identifier: MIT
 *
 * Comma-separated values (RFC 4180), piece by piece as a file is read. A record is one
 * line: a quoted field may hold separators and "" for a quote, but no end of line. Empty
 * lines, a byte order mark and spaces around fields are passed over.
 */
#ifndef MOONSIP_ROUTE_CSV_H
#define MOONSIP_ROUTE_CSV_H

#include "base/buffer.h"

enum { ROUTE_FIELDS_MAX = 64, ROUTE_LINE_MAX = 65536 };

typedef struct route_csv {
  uint32_t line; /* of the record, from 1 */
  size_t count;
  sip_str fields[ROUTE_FIELDS_MAX]; /* valid until the next record */
  const char *error;                /* what is wrong with the line, after an error */

  char separator;
  sip_str input;       /* not read yet */
  sip_buffer kept;     /* a line that began in an earlier piece */
  sip_buffer unquoted; /* fields that had quotes in them */
} route_csv;

void route_csv_init(route_csv *csv, sip_alloc *alloc, char separator);
void route_csv_deinit(route_csv *csv);

/* The next piece; it has to stay until next has returned 0. */
void route_csv_feed(route_csv *csv, sip_str bytes);

/* The next record: 1; 0 when none is whole yet, or, after the last piece, when there is no
 * other; SIP_E_INVALID, SIP_E_LIMIT or SIP_E_MEMORY, after which there is no further one. */
int route_csv_next(route_csv *csv, bool is_last);

#endif
