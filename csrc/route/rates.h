/* SPDX-License-Identifier: MIT
 *
 * A rate table: rows of named columns by digit prefix, several rows to a prefix, the
 * cheapest first. Rows are added once and read often; a table is replaced, not changed.
 *
 * A column's name may give it a part to play: "prefix" (there must be one), "carrier",
 * "cost", and "from" and "until", between which a row is valid (until: no longer).
 */
#ifndef MOONSIP_ROUTE_RATES_H
#define MOONSIP_ROUTE_RATES_H

#include "route/prefixes.h"
#include "route/texts.h"
#include "route/value.h"

enum {
  ROUTE_COLUMNS_MAX = 32,
  ROUTE_NAME_MAX = 31,
  ROUTE_ROWS_MAX = 50000000,
  ROUTE_SAME_MAX = 1000, /* rows of one prefix */
  ROUTE_HITS_MAX = 256   /* rows that one search gives */
};

typedef struct route_column {
  char name[ROUTE_NAME_MAX + 1];
  route_kind kind;
  uint8_t at; /* first word of it in a row */
} route_column;

typedef enum route_part {
  ROUTE_PART_PREFIX,
  ROUTE_PART_CARRIER,
  ROUTE_PART_COST,
  ROUTE_PART_FROM,
  ROUTE_PART_UNTIL,
  ROUTE_PARTS
} route_part;

typedef struct route_rates {
  sip_alloc *alloc;
  route_prefixes prefixes; /* value: its first row */
  route_texts texts;
  uint32_t *rows;  /* words; row 0 is none */
  uint32_t stride; /* words of one */
  uint32_t count;
  uint32_t room;
  uint32_t prefix_count;
  size_t column_count;
  int16_t parts[ROUTE_PARTS]; /* index of the column, or -1 */
  route_column columns[ROUTE_COLUMNS_MAX];
} route_rates;

/* The columns' names and kinds; `at` is filled in. 0, SIP_E_MEMORY, SIP_E_LIMIT for too
 * many, SIP_E_MISSING without a prefix, SIP_E_DUPLICATE for a name that comes twice,
 * SIP_E_INVALID when a part's column is of another kind. */
int route_rates_init(route_rates *rates, sip_alloc *alloc, const route_column *columns,
                     size_t count);
void route_rates_deinit(route_rates *rates);

/* Index of the column, or -1. */
int route_rates_column(const route_rates *rates, sip_str name);

/* Adds a row: a value for each column, in their order. `line` is kept, to name the row.
 * 0, SIP_E_MEMORY, SIP_E_LIMIT; SIP_E_MISSING: no prefix, or no carrier or cost where there
 * is such a column; SIP_E_DUPLICATE: the carrier has a row for the prefix that is valid at the
 * same time, in line *earlier; SIP_E_INVALID: `until` is not behind `from`. */
int route_rates_add(route_rates *rates, const route_value *values, uint32_t line,
                    uint32_t *earlier);

/* Gives back what growth took in advance. */
void route_rates_trim(route_rates *rates);

typedef enum route_search {
  ROUTE_LONGEST, /* rows of the longest prefix, the cheapest first */
  ROUTE_EVERY,   /* of every prefix: the longest first, in each the cheapest first */
  ROUTE_CHEAPEST /* one row for each carrier, of its longest prefix; the cheapest first */
} route_search;

typedef struct route_hit {
  uint32_t row;
  uint32_t len; /* digits of its prefix */
} route_hit;

/* Rows for a number that are valid at an instant, at most ROUTE_HITS_MAX; how many. The
 * number: digits, and a "+" in front of them is passed over. */
size_t route_rates_find(const route_rates *rates, route_search search, sip_str number, double at,
                        route_hit hits[ROUTE_HITS_MAX]);

/* The value of a row in a column that is no prefix. */
route_value route_rates_get(const route_rates *rates, uint32_t row, size_t column);
uint32_t route_rates_line(const route_rates *rates, uint32_t row);

/* Bytes of all of it. */
size_t route_rates_memory(const route_rates *rates);

#endif
