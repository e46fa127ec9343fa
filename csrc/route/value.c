/* SPDX-License-Identifier: MIT
 *
 * Reading them. Numbers are read here and not by the C library, whose decimal point is
 * the locale's.
 */
#include "route/value.h"

#include "route/prefixes.h"

enum {
  EXACT_DIGITS = 15, /* of a decimal that a double holds */
  DAY_S = 86400,
  YEAR_DIGITS = 4,
  TWO_DIGITS = 2
};

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool route_is_prefix(sip_str text) {
  if (text.len > ROUTE_PREFIX_MAX) return false;
  for (size_t i = 0; i < text.len; i++) {
    if (!is_digit(text.ptr[i])) return false;
  }
  return true;
}

/* An integer of up to 15 digits and a power of ten that a double holds too, so that their
 * quotient is the double nearest to the decimal. */
static bool parse_number(sip_str text, double *out) {
  static const double power[EXACT_DIGITS + 1] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  bool is_negative = text.len > 0 && text.ptr[0] == '-';
  size_t i = is_negative, digits = 0, decimals = 0;
  bool has_point = false;
  int64_t whole = 0;
  for (; i < text.len; i++) {
    if (text.ptr[i] == '.' && !has_point) {
      has_point = true;
    } else if (is_digit(text.ptr[i]) && digits < EXACT_DIGITS) {
      whole = whole * 10 + (text.ptr[i] - '0');
      digits += whole > 0;
      decimals += has_point;
      if (decimals > EXACT_DIGITS) return false;
    } else {
      return false;
    }
  }
  if (i - is_negative == has_point) return false; /* not one digit */
  *out = (double)(is_negative ? -whole : whole) / power[decimals];
  return true;
}

typedef struct cursor {
  const char *at;
  const char *end;
} cursor;

static bool take(cursor *c, char wanted) {
  if (c->at == c->end || *c->at != wanted) return false;
  c->at++;
  return true;
}

/* Exactly so many digits, a number from least to most. */
static bool take_number(cursor *c, int digits, int least, int most, int *out) {
  int value = 0;
  for (; digits > 0; digits--, c->at++) {
    if (c->at == c->end || !is_digit(*c->at)) return false;
    value = value * 10 + (*c->at - '0');
  }
  *out = value;
  return value >= least && value <= most;
}

static int month_days(int year, int month) {
  static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return days[month - 1] + (month == 2 && is_leap);
}

/* Days from 1970-01-01 to a date of the Gregorian calendar; years begin in March here, so
 * that the leap day is the last. */
static int64_t days_since_1970(int year, int month, int day) {
  int64_t y = month > 2 ? year : year - 1;
  int64_t from_march = (month + 9) % 12;
  return y * 365 + y / 4 - y / 100 + y / 400 + (from_march * 153 + 2) / 5 + day - 719469;
}

static bool take_date(cursor *c, int64_t *seconds) {
  int year, month, day;
  if (!take_number(c, YEAR_DIGITS, 1, 9999, &year) || !take(c, '-') ||
      !take_number(c, TWO_DIGITS, 1, 12, &month) || !take(c, '-') ||
      !take_number(c, TWO_DIGITS, 1, month_days(year, month), &day)) {
    return false;
  }
  *seconds = days_since_1970(year, month, day) * DAY_S;
  return true;
}

/* hh:mm with seconds or without; a minute has 60 of them here. */
static bool take_time(cursor *c, int64_t *seconds) {
  int hours, minutes, rest = 0;
  if (!take_number(c, TWO_DIGITS, 0, 23, &hours) || !take(c, ':') ||
      !take_number(c, TWO_DIGITS, 0, 59, &minutes)) {
    return false;
  }
  if (take(c, ':') && !take_number(c, TWO_DIGITS, 0, 59, &rest)) return false;
  *seconds += hours * 3600 + minutes * 60 + rest;
  return true;
}

/* "Z", "+02:00", or nothing, which is UTC. */
static bool take_zone(cursor *c, int64_t *seconds) {
  if (c->at == c->end || take(c, 'Z')) return true;
  int64_t ahead = 0;
  bool is_east = take(c, '+');
  if ((!is_east && !take(c, '-')) || !take_time(c, &ahead)) return false;
  *seconds += is_east ? -ahead : ahead;
  return true;
}

static bool parse_instant(sip_str text, double *out) {
  cursor c = {text.ptr, text.ptr + text.len};
  int64_t seconds;
  if (!take_date(&c, &seconds)) return false;
  if (take(&c, 'T') || take(&c, ' ')) {
    if (!take_time(&c, &seconds) || !take_zone(&c, &seconds)) return false;
  }
  *out = (double)seconds;
  return c.at == c.end;
}

bool route_value_parse(route_kind kind, sip_str text, route_value *value) {
  *value = (route_value){.text = text, .is_given = text.len > 0};
  switch (kind) {
  case ROUTE_PREFIX:
    if (text.len > 0 && *text.ptr == '+') value->text = sip_str_make(text.ptr + 1, text.len - 1);
    value->is_given = true; /* the empty prefix is that of every number */
    return route_is_prefix(value->text);
  case ROUTE_TEXT:
    return true;
  case ROUTE_NUMBER:
    return text.len == 0 || parse_number(text, &value->number);
  case ROUTE_INSTANT:
    return text.len == 0 || parse_instant(text, &value->number);
  }
  return false;
}

const char *route_kind_text(route_kind kind) {
  static const char *const texts[] = {[ROUTE_PREFIX] = "1 to 32 digits, or nothing",
                                      [ROUTE_TEXT] = "a text of up to 1023 bytes",
                                      [ROUTE_NUMBER] = "a decimal number",
                                      [ROUTE_INSTANT] = "a date such as 2026-07-01"};
  return texts[kind];
}
