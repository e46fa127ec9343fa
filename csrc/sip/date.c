/* SPDX-License-Identifier: MIT
 *
 * wkday "," SP date1 SP time SP "GMT"; the calendar is the Gregorian one.
 */
#include "sip/date.h"

#include "base/error.h"
#include "sip/scan.h"

enum {
  SECONDS_PER_MINUTE = 60,
  SECONDS_PER_HOUR = 3600,
  SECONDS_PER_DAY = 86400,
  DAYS_PER_WEEK = 7,
  MONTHS = 12,
  NAME_LEN = 3,
  EPOCH_WEEKDAY = 3,  /* 1970-01-01 was a Thursday, counted from Monday */
  EPOCH_DAYS = 719468 /* from 0000-03-01 to 1970-01-01 */
};

static const char weekdays[DAYS_PER_WEEK][NAME_LEN + 1] = {"Mon", "Tue", "Wed", "Thu",
                                                           "Fri", "Sat", "Sun"};
static const char months[MONTHS][NAME_LEN + 1] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* Days since 1970-01-01. Years are counted from March on, so that the leap day is
 * their last; an era is 400 years of 146097 days. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
  if (month <= 2) year--;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - EPOCH_DAYS;
}

typedef struct civil {
  int64_t year, month, day;
} civil;

static civil civil_from_days(int64_t days) {
  days += EPOCH_DAYS;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  int64_t day_of_era = days - era * 146097;
  int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted = (5 * day_of_year + 2) / 153;
  civil date = {.day = day_of_year - (153 * shifted + 2) / 5 + 1,
                .month = shifted < 10 ? shifted + 3 : shifted - 9};
  date.year = year_of_era + era * 400 + (date.month <= 2);
  return date;
}

static int64_t weekday_of(int64_t days) {
  int64_t weekday = (days + EPOCH_WEEKDAY) % DAYS_PER_WEEK;
  return weekday < 0 ? weekday + DAYS_PER_WEEK : weekday;
}

/* Index of the name at the cursor, or -1. Names are case-insensitive as every
 * string of the grammar is (RFC 5234 2.3). */
static int scan_name(sip_scan *scan, const char (*names)[NAME_LEN + 1], int count) {
  if (scan->end - scan->at < NAME_LEN) return -1;
  for (int i = 0; i < count; i++) {
    if (!sip_str_equal_nocase(sip_str_make(scan->at, NAME_LEN), sip_str_make(names[i], NAME_LEN))) {
      continue;
    }
    scan->at += NAME_LEN;
    return i;
  }
  return -1;
}

static bool scan_digits(sip_scan *scan, int count, int64_t *out) {
  if (scan->end - scan->at < count) return false;
  uint64_t number;
  if (!sip_str_to_number(sip_str_make(scan->at, (size_t)count), UINT32_MAX, &number)) return false;
  scan->at += count;
  *out = (int64_t)number;
  return true;
}

/* 2DIGIT ":" 2DIGIT ":" 2DIGIT: 00:00:00 to 23:59:59 */
static bool scan_time(sip_scan *scan, int64_t *seconds) {
  int64_t hour, minute, second;
  bool matches = scan_digits(scan, 2, &hour) && sip_scan_char(scan, ':') &&
                 scan_digits(scan, 2, &minute) && sip_scan_char(scan, ':') &&
                 scan_digits(scan, 2, &second);
  if (!matches || hour > 23 || minute > 59 || second > 59) return false;
  *seconds = hour * SECONDS_PER_HOUR + minute * SECONDS_PER_MINUTE + second;
  return true;
}

/* 2DIGIT SP month SP 4DIGIT, as days */
static bool scan_day(sip_scan *scan, int64_t *days) {
  int64_t day, year;
  if (!scan_digits(scan, 2, &day) || !sip_scan_char(scan, ' ')) return false;
  int month = scan_name(scan, months, MONTHS);
  if (month < 0 || !sip_scan_char(scan, ' ') || !scan_digits(scan, 4, &year)) return false;
  *days = days_from_civil(year, month + 1, day);
  civil back = civil_from_days(*days);
  return back.day == day && back.month == month + 1;
}

int sip_date_parse(sip_str value, int64_t *out) {
  sip_scan scan = sip_scan_over(value);
  int64_t days, seconds;
  sip_str zone;
  sip_scan_space(&scan);
  int weekday = scan_name(&scan, weekdays, DAYS_PER_WEEK);
  bool matches = weekday >= 0 && sip_scan_char(&scan, ',') && sip_scan_char(&scan, ' ') &&
                 scan_day(&scan, &days) && sip_scan_char(&scan, ' ') &&
                 scan_time(&scan, &seconds) && sip_scan_char(&scan, ' ') &&
                 sip_scan_token(&scan, &zone) && SIP_IS(zone, "gmt") && sip_scan_finish(&scan);
  if (!matches || weekday_of(days) != weekday) return SIP_E_HEADER;
  *out = days * SECONDS_PER_DAY + seconds;
  return 0;
}

static void write_digits(int64_t number, int count, sip_buffer *out) {
  int64_t power = 1;
  for (int i = 1; i < count; i++) power *= 10;
  for (; power > 0; power /= 10) sip_buffer_add_char(out, (char)('0' + number / power % 10));
}

void sip_date_write(int64_t seconds, sip_buffer *out) {
  int64_t days = seconds / SECONDS_PER_DAY, rest = seconds % SECONDS_PER_DAY;
  if (rest < 0) {
    rest += SECONDS_PER_DAY;
    days--;
  }
  civil date = civil_from_days(days);
  sip_buffer_add(out, sip_str_make(weekdays[weekday_of(days)], NAME_LEN));
  SIP_BUFFER_ADD(out, ", ");
  write_digits(date.day, 2, out);
  sip_buffer_add_char(out, ' ');
  sip_buffer_add(out, sip_str_make(months[date.month - 1], NAME_LEN));
  sip_buffer_add_char(out, ' ');
  write_digits(date.year, 4, out);
  sip_buffer_add_char(out, ' ');
  write_digits(rest / SECONDS_PER_HOUR, 2, out);
  sip_buffer_add_char(out, ':');
  write_digits(rest / SECONDS_PER_MINUTE % SECONDS_PER_MINUTE, 2, out);
  sip_buffer_add_char(out, ':');
  write_digits(rest % SECONDS_PER_MINUTE, 2, out);
  SIP_BUFFER_ADD(out, " GMT");
}
