/* SPDX-License-Identifier: MIT
 *
 * Cutting lines out of pieces, and fields out of lines. A line inside one piece is read
 * where it is.
 */
#include "route/csv.h"

#include "base/error.h"

void route_csv_init(route_csv *csv, sip_alloc *alloc, char separator) {
  *csv = (route_csv){.separator = separator};
  sip_buffer_init(&csv->kept, alloc, ROUTE_LINE_MAX);
  sip_buffer_init(&csv->unquoted, alloc, ROUTE_LINE_MAX);
}

void route_csv_deinit(route_csv *csv) {
  sip_buffer_deinit(&csv->kept);
  sip_buffer_deinit(&csv->unquoted);
}

void route_csv_feed(route_csv *csv, sip_str bytes) {
  csv->input = bytes;
}

static int fail(route_csv *csv, int error, const char *why) {
  csv->error = why;
  return error;
}

/* --- Lines -------------------------------------------------------------------- */

/* Joins what was kept with more of the same line. */
static int keep(route_csv *csv, sip_str more) {
  if (csv->kept.len + more.len > ROUTE_LINE_MAX) {
    return fail(csv, SIP_E_LIMIT, "longer than 65536 bytes");
  }
  sip_buffer_add(&csv->kept, more);
  return csv->kept.failed ? fail(csv, SIP_E_MEMORY, "out of memory") : 0;
}

/* The next whole line: 1, 0 or an error. */
static int next_line(route_csv *csv, bool is_last, sip_str *line) {
  size_t end = sip_str_index(csv->input, '\n');
  bool is_whole = end < csv->input.len;
  *line = sip_str_make(csv->input.ptr, end);
  size_t used = is_whole ? end + 1 : end;
  csv->input = used ? sip_str_make(csv->input.ptr + used, csv->input.len - used) : (sip_str){0};
  if (csv->kept.len > 0 || !is_whole) {
    int error = keep(csv, *line);
    if (error) return error;
    *line = sip_buffer_str(&csv->kept);
  }
  if (line->len > ROUTE_LINE_MAX) return fail(csv, SIP_E_LIMIT, "longer than 65536 bytes");
  if (!line->ptr) *line = SIP_STR("");
  return is_whole || (is_last && line->len > 0);
}

/* --- Fields ------------------------------------------------------------------- */

static sip_str trim(const char *from, const char *end) {
  while (from < end && *from == ' ') from++;
  while (end > from && end[-1] == ' ') end--;
  return sip_str_between(from, end);
}

/* Behind the closing quote, or NULL; `at` is behind the opening one. There is room in
 * csv->unquoted for the whole line. */
static const char *read_quoted(route_csv *csv, const char *at, const char *end, sip_str *out) {
  sip_buffer *text = &csv->unquoted;
  size_t from = text->len;
  for (; at < end; at++) {
    if (*at == '"') {
      if (at + 1 == end || at[1] != '"') {
        *out = sip_str_make(text->ptr + from, text->len - from);
        return at + 1;
      }
      at++;
    }
    text->ptr[text->len++] = *at;
  }
  return NULL;
}

/* Behind the field that begins at `at`, where a separator or the end is; NULL when it is
 * malformed. */
static const char *read_field(route_csv *csv, const char *at, const char *end, sip_str *out) {
  while (at < end && *at == ' ') at++;
  if (at < end && *at == '"') {
    at = read_quoted(csv, at + 1, end, out);
    while (at && at < end && *at == ' ') at++;
    if (at && at < end && *at != csv->separator) at = NULL;
    if (!at) csv->error = "a quote that is not closed, or text behind it";
    return at;
  }
  const char *to = memchr(at, csv->separator, (size_t)(end - at));
  if (!to) to = end;
  *out = trim(at, to);
  if (memchr(at, '"', (size_t)(to - at))) {
    csv->error = "a quote inside a field that has none around it";
    return NULL;
  }
  return to;
}

static bool has_control(const char *at, const char *end) {
  for (; at < end; at++) {
    if ((unsigned char)*at < ' ' && *at != '\t') return true;
  }
  return false;
}

static int read_fields(route_csv *csv, sip_str line) {
  const char *at = line.ptr, *end = line.ptr + line.len;
  if (has_control(at, end)) return fail(csv, SIP_E_INVALID, "a control byte");
  sip_buffer_clear(&csv->unquoted);
  if (memchr(at, '"', line.len) && !sip_buffer_reserve(&csv->unquoted, line.len)) {
    return fail(csv, SIP_E_MEMORY, "out of memory");
  }
  for (csv->count = 0;; at++) {
    if (csv->count == ROUTE_FIELDS_MAX) return fail(csv, SIP_E_LIMIT, "more than 64 fields");
    at = read_field(csv, at, end, &csv->fields[csv->count++]);
    if (!at) return SIP_E_INVALID;
    if (at == end) return 1;
  }
}

static sip_str without_mark(sip_str line) {
  static const char mark[] = "\xef\xbb\xbf";
  bool has_mark = line.len >= 3 && memcmp(line.ptr, mark, 3) == 0;
  return has_mark ? sip_str_make(line.ptr + 3, line.len - 3) : line;
}

int route_csv_next(route_csv *csv, bool is_last) {
  for (;;) {
    sip_str line;
    int got = next_line(csv, is_last, &line);
    if (got == 0) return 0;
    csv->line++;
    if (got < 0) return got;
    if (csv->line == 1) line = without_mark(line);
    if (line.len > 0 && line.ptr[line.len - 1] == '\r') line.len--;
    if (sip_str_trim(line).len > 0) {
      got = read_fields(csv, line);
      sip_buffer_clear(&csv->kept); /* what the fields say stays until more is kept */
      return got;
    }
    sip_buffer_clear(&csv->kept);
  }
}
