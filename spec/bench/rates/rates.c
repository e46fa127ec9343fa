/* SPDX-License-Identifier: MIT
 *
 * rates FILE COUNT: reads FILE, rows of prefix, carrier and cost, and looks
 * COUNT numbers up that begin with prefixes of its own. Prints milliseconds, bytes, rows
 * and nanoseconds per look-up, and how many rows were found. What is to be counted happens in
 * measured_find.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "route/source.h"

enum { DIGITS = 12 };

typedef char number[DIGITS];

static uint64_t state = 88172645463325252U;

/* Xorshift: which numbers they are does not matter, that they repeat does. */
static uint64_t next_random(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void build(route_rates *rates, const char *path) {
  static char piece[65536];
  FILE *file = fopen(path, "r");
  if (!file) exit(EXIT_FAILURE);
  route_source source;
  route_source_init(&source, rates, ',');
  source.field_count = 3;
  source.columns[1] = 1;
  source.columns[2] = 2;
  size_t got;
  int error = 0;
  while (!error && (got = fread(piece, 1, sizeof piece, file)) > 0) {
    error = route_source_read(&source, sip_str_make(piece, got), false);
  }
  if (!error) error = route_source_read(&source, (sip_str){0}, true);
  if (error) exit(EXIT_FAILURE);
  route_source_deinit(&source);
  route_rates_trim(rates);
  fclose(file);
}

/* Any number of twelve digits that begins as they do in the file: with 1 to 9. */
static void choose(number *numbers, size_t count) {
  for (size_t i = 0; i < count; i++) {
    for (int at = 0; at < DIGITS; at++) numbers[i][at] = (char)('0' + next_random() % 10);
    if (numbers[i][0] == '0') numbers[i][0] = '1';
  }
}

__attribute__((noinline)) static size_t measured_find(const route_rates *rates,
                                                      const number *numbers, size_t count) {
  route_hit hits[ROUTE_HITS_MAX];
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    found += route_rates_find(rates, ROUTE_LONGEST, sip_str_make(numbers[i], DIGITS), 0, hits);
  }
  return found;
}

int main(int argc, char **words) {
  if (argc != 3) return EXIT_FAILURE;
  size_t count = strtoul(words[2], NULL, 10);
  const route_column columns[] = {{.name = "prefix", .kind = ROUTE_PREFIX},
                                  {.name = "carrier", .kind = ROUTE_TEXT},
                                  {.name = "cost", .kind = ROUTE_NUMBER}};
  sip_alloc alloc;
  sip_alloc_init(&alloc, NULL, NULL);
  route_rates rates;
  if (route_rates_init(&rates, &alloc, columns, 3)) return EXIT_FAILURE;
  double began = now_ns();
  build(&rates, words[1]);
  double built = now_ns();
  number *numbers = malloc(count * sizeof *numbers);
  if (!numbers) return EXIT_FAILURE;
  choose(numbers, count);
  double before = now_ns();
  size_t found = measured_find(&rates, numbers, count);
  double after = now_ns();
  printf("%.1f %zu %u %.1f %zu\n", (built - began) / 1e6, alloc.live_bytes, rates.count - 1,
         (after - before) / (double)count, found);
  free(numbers);
  route_rates_deinit(&rates);
  return EXIT_SUCCESS;
}
