/* SPDX-License-Identifier: MIT
 *
 * A row is a run of words: the next row of its prefix, its line, then the columns: two
 * words for a number, one for a text's id. A number that was not given is none (NaN).
 */
#include "route/rates.h"

#include <math.h>

#include "base/error.h"

enum { NEXT, LINE, FIRST_COLUMN, NUMBER_WORDS = 2, FIRST_ROOM = 64 };

static const struct {
  const char *name;
  route_kind kind;
} parts[ROUTE_PARTS] = {[ROUTE_PART_PREFIX] = {"prefix", ROUTE_PREFIX},
                        [ROUTE_PART_CARRIER] = {"carrier", ROUTE_TEXT},
                        [ROUTE_PART_COST] = {"cost", ROUTE_NUMBER},
                        [ROUTE_PART_FROM] = {"from", ROUTE_INSTANT},
                        [ROUTE_PART_UNTIL] = {"until", ROUTE_INSTANT}};

static int check_columns(const route_rates *rates) {
  if (rates->parts[ROUTE_PART_PREFIX] < 0) return SIP_E_MISSING;
  for (size_t i = 0; i < rates->column_count; i++) {
    const char *name = rates->columns[i].name;
    int first = route_rates_column(rates, sip_str_make(name, strlen(name)));
    if (first != (int)i) return SIP_E_DUPLICATE;
  }
  for (size_t i = 0; i < ROUTE_PARTS; i++) {
    int at = rates->parts[i];
    if (at >= 0 && rates->columns[at].kind != parts[i].kind) return SIP_E_INVALID;
  }
  return 0;
}

static void lay_out(route_rates *rates) {
  rates->stride = FIRST_COLUMN;
  for (size_t i = 0; i < rates->column_count; i++) {
    route_column *column = &rates->columns[i];
    column->at = (uint8_t)rates->stride;
    if (column->kind == ROUTE_TEXT) rates->stride++;
    if (column->kind == ROUTE_NUMBER || column->kind == ROUTE_INSTANT) {
      rates->stride += NUMBER_WORDS;
    }
  }
  for (size_t i = 0; i < ROUTE_PARTS; i++) {
    sip_str name = sip_str_make(parts[i].name, strlen(parts[i].name));
    rates->parts[i] = (int16_t)route_rates_column(rates, name);
  }
}

int route_rates_init(route_rates *rates, sip_alloc *alloc, const route_column *columns,
                     size_t count) {
  *rates = (route_rates){.alloc = alloc, .count = 1, .column_count = count};
  if (count > ROUTE_COLUMNS_MAX) return SIP_E_LIMIT;
  if (count > 0) memcpy(rates->columns, columns, count * sizeof *columns);
  lay_out(rates);
  int error = check_columns(rates);
  if (!error) error = route_texts_init(&rates->texts, alloc);
  if (!error) error = route_prefixes_init(&rates->prefixes, alloc);
  if (error) route_rates_deinit(rates);
  return error;
}

static size_t row_bytes(const route_rates *rates) {
  return rates->stride * sizeof(uint32_t);
}

void route_rates_deinit(route_rates *rates) {
  sip_alloc_free(rates->alloc, rates->rows, rates->room * row_bytes(rates));
  if (rates->texts.alloc) route_texts_deinit(&rates->texts);
  if (rates->prefixes.alloc) route_prefixes_deinit(&rates->prefixes);
  *rates = (route_rates){.alloc = rates->alloc};
}

int route_rates_column(const route_rates *rates, sip_str name) {
  for (size_t i = 0; i < rates->column_count; i++) {
    const char *own = rates->columns[i].name;
    if (sip_str_equal(name, sip_str_make(own, strlen(own)))) return (int)i;
  }
  return -1;
}

/* --- Rows --------------------------------------------------------------------- */

static uint32_t *row_of(const route_rates *rates, uint32_t row) {
  return rates->rows + (size_t)row * rates->stride;
}

static double number_at(const uint32_t *words, const route_column *column) {
  double number;
  memcpy(&number, words + column->at, sizeof number);
  return number;
}

static double number_of(const route_rates *rates, const uint32_t *words, route_part part,
                        double absent) {
  int column = rates->parts[part];
  double number = column < 0 ? NAN : number_at(words, &rates->columns[column]);
  return isnan(number) ? absent : number;
}

static double cost_of(const route_rates *rates, uint32_t row) {
  return number_of(rates, row_of(rates, row), ROUTE_PART_COST, 0);
}

static uint32_t carrier_of(const route_rates *rates, const uint32_t *words) {
  int column = rates->parts[ROUTE_PART_CARRIER];
  return column < 0 ? 0 : words[rates->columns[column].at];
}

uint32_t route_rates_line(const route_rates *rates, uint32_t row) {
  return row_of(rates, row)[LINE];
}

route_value route_rates_get(const route_rates *rates, uint32_t row, size_t column) {
  const route_column *of = &rates->columns[column];
  const uint32_t *words = row_of(rates, row);
  route_value value = {0};
  if (of->kind == ROUTE_TEXT) {
    value.text = route_texts_get(&rates->texts, words[of->at]);
    value.is_given = value.text.len > 0;
  } else if (of->kind != ROUTE_PREFIX) {
    value.number = number_at(words, of);
    value.is_given = !isnan(value.number);
  }
  return value;
}

/* --- Building ------------------------------------------------------------------- */

static bool resize(route_rates *rates, size_t room) {
  size_t bytes = row_bytes(rates);
  uint32_t *rows = sip_alloc_resize(rates->alloc, rates->rows, rates->room * bytes, room * bytes);
  if (!rows) return false;
  rates->rows = rows;
  rates->room = (uint32_t)room;
  return true;
}

void route_rates_trim(route_rates *rates) {
  resize(rates, rates->count);
  route_prefixes_trim(&rates->prefixes);
}

static bool lacks(const route_rates *rates, const route_value *values, route_part part) {
  int column = rates->parts[part];
  return column >= 0 && !values[column].is_given;
}

/* Writes the values into the row behind the last, which does not count yet. */
static int fill(route_rates *rates, const route_value *values, uint32_t line) {
  if (rates->count == ROUTE_ROWS_MAX) return SIP_E_LIMIT;
  size_t grown = rates->room ? rates->room + rates->room / 2 : FIRST_ROOM;
  if (rates->count >= rates->room && !resize(rates, grown)) return SIP_E_MEMORY;
  uint32_t *words = row_of(rates, rates->count);
  words[LINE] = line;
  for (size_t i = 0; i < rates->column_count; i++) {
    const route_column *column = &rates->columns[i];
    if (column->kind == ROUTE_TEXT) {
      int error = route_texts_add(&rates->texts, values[i].text, &words[column->at]);
      if (error) return error;
    } else if (column->kind != ROUTE_PREFIX) {
      double number = values[i].is_given ? values[i].number : NAN;
      memcpy(words + column->at, &number, sizeof number);
    }
  }
  return 0;
}

static double from_of(const route_rates *rates, const uint32_t *words) {
  return number_of(rates, words, ROUTE_PART_FROM, -INFINITY);
}

static double until_of(const route_rates *rates, const uint32_t *words) {
  return number_of(rates, words, ROUTE_PART_UNTIL, INFINITY);
}

/* Where the new row goes among those of its prefix: behind all that cost no more. */
static int find_place(const route_rates *rates, uint32_t first, const uint32_t *words,
                      uint32_t *before, uint32_t *earlier) {
  double cost = number_of(rates, words, ROUTE_PART_COST, 0);
  size_t count = 0;
  *before = 0;
  for (uint32_t row = first; row; count++) {
    const uint32_t *other = row_of(rates, row);
    bool overlaps = from_of(rates, words) < until_of(rates, other) &&
                    from_of(rates, other) < until_of(rates, words);
    if (overlaps && carrier_of(rates, other) == carrier_of(rates, words)) {
      *earlier = other[LINE];
      return SIP_E_DUPLICATE;
    }
    if (number_of(rates, other, ROUTE_PART_COST, 0) <= cost) *before = row;
    row = other[NEXT];
  }
  return count < ROUTE_SAME_MAX ? 0 : SIP_E_LIMIT;
}

int route_rates_add(route_rates *rates, const route_value *values, uint32_t line,
                    uint32_t *earlier) {
  if (lacks(rates, values, ROUTE_PART_PREFIX) || lacks(rates, values, ROUTE_PART_CARRIER) ||
      lacks(rates, values, ROUTE_PART_COST)) {
    return SIP_E_MISSING;
  }
  int error = fill(rates, values, line);
  if (error) return error;
  uint32_t *words = row_of(rates, rates->count);
  if (until_of(rates, words) <= from_of(rates, words)) return SIP_E_INVALID;
  sip_str prefix = values[rates->parts[ROUTE_PART_PREFIX]].text;
  uint32_t *first = route_prefixes_add(&rates->prefixes, prefix);
  if (!first) return SIP_E_MEMORY;
  uint32_t before = 0;
  error = find_place(rates, *first, words, &before, earlier);
  if (error) return error;
  uint32_t *link = before ? &row_of(rates, before)[NEXT] : first;
  if (!*first) rates->prefix_count++;
  words[NEXT] = *link;
  *link = rates->count++;
  return 0;
}

/* --- Searching ------------------------------------------------------------------ */

typedef struct hits {
  route_hit *list;
  size_t count;
  double at;
} hits;

/* The first row at or behind this one that is valid; 0: none. */
static uint32_t valid_from(const route_rates *rates, uint32_t row, double at) {
  if (rates->parts[ROUTE_PART_FROM] < 0 && rates->parts[ROUTE_PART_UNTIL] < 0) return row;
  while (row) {
    const uint32_t *words = row_of(rates, row);
    if (from_of(rates, words) <= at && at < until_of(rates, words)) return row;
    row = words[NEXT];
  }
  return 0;
}

static uint32_t next_valid(const route_rates *rates, uint32_t row, double at) {
  return valid_from(rates, row_of(rates, row)[NEXT], at);
}

static bool has_carrier(const route_rates *rates, const hits *found, uint32_t carrier) {
  for (size_t i = 0; i < found->count; i++) {
    if (carrier_of(rates, row_of(rates, found->list[i].row)) == carrier) return true;
  }
  return false;
}

/* Behind all that cost no more. */
static void insert_by_cost(const route_rates *rates, hits *found, route_hit hit) {
  size_t at = found->count++;
  double cost = cost_of(rates, hit.row);
  for (; at > 0 && cost_of(rates, found->list[at - 1].row) > cost; at--) {
    found->list[at] = found->list[at - 1];
  }
  found->list[at] = hit;
}

/* The rows of one prefix. */
static void collect(const route_rates *rates, route_search search, const route_match *match,
                    hits *found) {
  uint32_t row = valid_from(rates, match->value, found->at);
  for (; row && found->count < ROUTE_HITS_MAX; row = next_valid(rates, row, found->at)) {
    route_hit hit = {row, match->len};
    if (search != ROUTE_CHEAPEST) {
      found->list[found->count++] = hit;
    } else if (!has_carrier(rates, found, carrier_of(rates, row_of(rates, row)))) {
      insert_by_cost(rates, found, hit);
    }
  }
}

size_t route_rates_find(const route_rates *rates, route_search search, sip_str number, double at,
                        route_hit found[ROUTE_HITS_MAX]) {
  if (number.len > 0 && *number.ptr == '+') number = sip_str_make(number.ptr + 1, number.len - 1);
  route_match matches[ROUTE_PREFIX_MAX + 1];
  size_t count = route_prefixes_match(&rates->prefixes, number, matches);
  hits list = {.list = found, .at = at};
  while (count > 0) {
    collect(rates, search, &matches[--count], &list);
    if (search == ROUTE_LONGEST && list.count > 0) break;
  }
  return list.count;
}

size_t route_rates_memory(const route_rates *rates) {
  return rates->room * row_bytes(rates) + rates->prefixes.room * sizeof(route_node) +
         route_texts_memory(&rates->texts);
}
