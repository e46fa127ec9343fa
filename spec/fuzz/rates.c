/* SPDX-License-Identifier: MIT
 *
 * A file of rates, whole and cut into pieces where its own first byte says: both give the
 * same table or the same error, and whatever was read is found again by its prefix.
 */
#include "fuzz.h"

#include "route/source.h"

static const route_column columns[] = {{.name = "prefix", .kind = ROUTE_PREFIX},
                                       {.name = "carrier", .kind = ROUTE_TEXT},
                                       {.name = "cost", .kind = ROUTE_NUMBER},
                                       {.name = "from", .kind = ROUTE_INSTANT},
                                       {.name = "until", .kind = ROUTE_INSTANT}};
enum { COLUMNS = sizeof columns / sizeof *columns };

typedef struct reading {
  sip_alloc alloc;
  route_rates rates;
  route_source source;
  int error;
} reading;

/* A copy of its own for each piece: one byte too many is seen. */
static int read_piece(reading *r, sip_str piece, bool is_last) {
  sip_str copy = exact_copy(piece);
  int error = route_source_read(&r->source, copy, is_last);
  free_copy(copy);
  return error;
}

static void read_all(reading *r, sip_str text, size_t step) {
  sip_alloc_init(&r->alloc, NULL, NULL);
  HOLDS(route_rates_init(&r->rates, &r->alloc, columns, COLUMNS) == 0);
  route_source_init(&r->source, &r->rates, ',');
  r->source.field_count = COLUMNS;
  for (int16_t i = 0; i < COLUMNS; i++) r->source.columns[i] = i;
  r->error = 0;
  for (size_t at = 0; at < text.len && !r->error; at += step) {
    size_t len = text.len - at < step ? text.len - at : step;
    r->error = read_piece(r, sip_str_make(text.ptr + at, len), false);
  }
  if (!r->error) r->error = read_piece(r, (sip_str){0}, true);
  if (r->error) HOLDS(r->source.why[0] && memchr(r->source.why, '\0', ROUTE_WHY_MAX));
}

static void free_all(reading *r) {
  route_source_deinit(&r->source);
  route_rates_deinit(&r->rates);
  HOLDS(r->alloc.live_bytes == 0 && r->alloc.live_blocks == 0);
}

/* Every search of a number gives rows whose prefix it begins with, in order. */
static void search(const route_rates *rates, sip_str number) {
  route_hit hits[ROUTE_HITS_MAX];
  for (int how = ROUTE_LONGEST; how <= ROUTE_CHEAPEST; how++) {
    size_t count = route_rates_find(rates, (route_search)how, number, 0, hits);
    HOLDS(count <= ROUTE_HITS_MAX);
    for (size_t i = 0; i < count; i++) {
      HOLDS(hits[i].row > 0 && hits[i].row < rates->count && hits[i].len <= number.len);
      double cost = route_rates_get(rates, hits[i].row, 2).number;
      bool is_ordered = how != ROUTE_EVERY;
      if (i > 0 && is_ordered) HOLDS(route_rates_get(rates, hits[i - 1].row, 2).number <= cost);
      if (i > 0 && how == ROUTE_EVERY) HOLDS(hits[i - 1].len >= hits[i].len);
    }
  }
}

static void search_lines(const route_rates *rates, sip_str text) {
  for (size_t at = 0; at < text.len;
       at += sip_str_index(sip_str_make(text.ptr + at, text.len - at), '\n') + 1) {
    sip_str rest = sip_str_make(text.ptr + at, text.len - at);
    search(rates, sip_str_make(rest.ptr, sip_str_index(rest, ',')));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  sip_str text = exact_copy(sip_str_make((const char *)data + 1, size - 1));
  reading whole, pieces;
  read_all(&whole, text, size);
  read_all(&pieces, text, 1 + data[0]);
  HOLDS(whole.error == pieces.error && whole.rates.count == pieces.rates.count);
  HOLDS(whole.source.csv.line == pieces.source.csv.line);
  HOLDS(!whole.error || strcmp(whole.source.why, pieces.source.why) == 0);
  search_lines(&whole.rates, text);
  free_all(&whole);
  free_all(&pieces);
  free_copy(text);
  return 0;
}
