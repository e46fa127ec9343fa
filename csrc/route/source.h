/* SPDX-License-Identifier: MIT
 *
 * Where rates come from: a file of comma-separated values whose fields are columns of a
 * table. It is read piece by piece; the first line that is wrong ends it.
 */
#ifndef MOONSIP_ROUTE_SOURCE_H
#define MOONSIP_ROUTE_SOURCE_H

#include "route/csv.h"
#include "route/rates.h"

enum { ROUTE_WHY_MAX = 200 };

typedef struct route_source {
  route_rates *rates;
  route_csv csv;
  size_t field_count;
  int16_t columns[ROUTE_FIELDS_MAX];     /* the column that each field is, or -1 */
  route_value values[ROUTE_COLUMNS_MAX]; /* of the row; those of no field stay */
  uint32_t base;                         /* added to the line of each row */
  uint32_t earlier;                      /* after SIP_E_DUPLICATE: the other's line */
  char why[ROUTE_WHY_MAX];               /* what is wrong, after an error */
} route_source;

void route_source_init(route_source *source, route_rates *rates, char separator);
void route_source_deinit(route_source *source);

/* The next piece of it, and whether it is the last. 0, or an error of a record (csv.h) or a
 * row (rates.h); source->csv.line is the line, source->why says what is wrong with it. */
int route_source_read(route_source *source, sip_str bytes, bool is_last);

/* Adds source->values as they are, as if they had come in a line; errors as above. */
int route_source_add(route_source *source, uint32_t line);

#endif
