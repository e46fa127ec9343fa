/* SPDX-License-Identifier: MIT
 *
 * One field of a rate table: what its column holds, and the value that a text is.
 */
#ifndef MOONSIP_ROUTE_VALUE_H
#define MOONSIP_ROUTE_VALUE_H

#include <stdbool.h>

#include "base/str.h"

typedef enum route_kind {
  ROUTE_PREFIX, /* digits, a "+" in front is passed over */
  ROUTE_TEXT,
  ROUTE_NUMBER, /* decimal: "0.0125" */
  ROUTE_INSTANT /* ISO 8601: "2026-07-01", "2026-07-01 06:00", "2026-07-01T06:00:00+02:00" */
} route_kind;

typedef struct route_value {
  sip_str text;  /* of a prefix and of a text */
  double number; /* of a number, and of an instant: seconds since 1970, UTC */
  bool is_given; /* false: the field is empty, or the row has none */
} route_value;

/* False when the text is no such value. An empty one is, and is not given. */
bool route_value_parse(route_kind kind, sip_str text, route_value *value);

/* What a column of the kind holds, for messages: "digits", "a number" ... */
const char *route_kind_text(route_kind kind);

/* Digits and no more of them than a prefix may have. */
bool route_is_prefix(sip_str text);

#endif
