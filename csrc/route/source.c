/* SPDX-License-Identifier: MIT
 *
 * From records to rows, and what to say about those that are wrong.
 */
#include "route/source.h"

#include <stdio.h>

#include "base/error.h"

enum { QUOTED_MAX = 40 }; /* bytes of a field that a message shows */

void route_source_init(route_source *source, route_rates *rates, char separator) {
  *source = (route_source){.rates = rates};
  route_csv_init(&source->csv, rates->alloc, separator);
}

void route_source_deinit(route_source *source) {
  route_csv_deinit(&source->csv);
}

/* The text with what no terminal should get as "?", and cut. */
static const char *shown(sip_str text, char out[QUOTED_MAX + 1]) {
  size_t len = text.len < QUOTED_MAX ? text.len : QUOTED_MAX;
  for (size_t i = 0; i < len; i++) {
    bool is_plain = text.ptr[i] >= ' ' && text.ptr[i] < 0x7f;
    out[i] = is_plain ? text.ptr[i] : '?';
  }
  out[len] = '\0';
  return out;
}

static int explain_row(route_source *source, int error) {
  const route_rates *rates = source->rates;
  char prefix[QUOTED_MAX + 1], carrier[QUOTED_MAX + 1];
  shown(source->values[rates->parts[ROUTE_PART_PREFIX]].text, prefix);
  int part = rates->parts[ROUTE_PART_CARRIER];
  shown(part < 0 ? SIP_STR("") : source->values[part].text, carrier);
  char *why = source->why;
  if (error == SIP_E_DUPLICATE) {
    snprintf(why, ROUTE_WHY_MAX, "prefix \"%s\"%s%s has a row already", prefix,
             part < 0 ? "" : " of carrier ", carrier);
  } else if (error == SIP_E_MISSING && !source->values[rates->parts[ROUTE_PART_PREFIX]].is_given) {
    snprintf(why, ROUTE_WHY_MAX, "there is no prefix");
  } else if (error == SIP_E_MISSING) {
    snprintf(why, ROUTE_WHY_MAX, "prefix \"%s\" lacks its carrier or its cost", prefix);
  } else if (error == SIP_E_INVALID) {
    snprintf(why, ROUTE_WHY_MAX, "prefix \"%s\": until is not later than from", prefix);
  } else if (error == SIP_E_LIMIT) {
    snprintf(why, ROUTE_WHY_MAX, "too many rows, or a text that is too long");
  } else {
    snprintf(why, ROUTE_WHY_MAX, "%s", sip_error_text(error));
  }
  return error;
}

int route_source_add(route_source *source, uint32_t line) {
  int error = route_rates_add(source->rates, source->values, line, &source->earlier);
  return error ? explain_row(source, error) : 0;
}

static int read_record(route_source *source) {
  const route_csv *csv = &source->csv;
  if (csv->count != source->field_count) {
    snprintf(source->why, ROUTE_WHY_MAX, "%zu fields, %zu expected", csv->count,
             source->field_count);
    return SIP_E_INVALID;
  }
  for (size_t i = 0; i < csv->count; i++) {
    int at = source->columns[i];
    if (at < 0) continue;
    const route_column *column = &source->rates->columns[at];
    if (route_value_parse(column->kind, csv->fields[i], &source->values[at])) continue;
    char text[QUOTED_MAX + 1];
    snprintf(source->why, ROUTE_WHY_MAX, "%s \"%s\": %s expected", column->name,
             shown(csv->fields[i], text), route_kind_text(column->kind));
    return SIP_E_INVALID;
  }
  return route_source_add(source, csv->line + source->base);
}

int route_source_read(route_source *source, sip_str bytes, bool is_last) {
  route_csv_feed(&source->csv, bytes);
  for (;;) {
    int got = route_csv_next(&source->csv, is_last);
    if (got < 0) snprintf(source->why, ROUTE_WHY_MAX, "%s", source->csv.error);
    if (got <= 0) return got;
    int error = read_record(source);
    if (error) return error;
  }
}
