/* SPDX-License-Identifier: MIT
 *
 * The search for line ends.
 */
#include "sip/section.h"

#include "base/error.h"

static void note(sip_section *section, int error, const char *at) {
  if (section->error) return;
  section->error = error;
  section->error_at = at;
}

/* The bytes of the line end at `at`: 2 for CRLF, 1 for a bare LF, else 0. */
static size_t line_end_at(const sip_section *section, const char *at) {
  if (at == section->end) return 0;
  if (*at == '\n') return 1;
  return *at == '\r' && section->end - at >= 2 && at[1] == '\n' ? 2 : 0;
}

/* What a byte that no line may hold as it is says is wrong. A CR that is the last
 * byte of all may have been half a line end. */
static int error_of(const sip_section *section, const char *byte, int other) {
  if (*byte == '\n') return SIP_E_LINE_END;
  if (*byte != '\r') return other;
  return byte + 1 == section->end ? SIP_E_TRUNCATED : SIP_E_LINE_END;
}

sip_str sip_section_start_line(sip_section *section) {
  const char *from = section->at, *stop = from;
  for (;;) {
    stop = sip_find_control(stop, section->end);
    if (stop == section->end) {
      note(section, SIP_E_TRUNCATED, stop);
      section->at = stop;
      break;
    }
    size_t line_end = line_end_at(section, stop);
    if (line_end != 2) note(section, error_of(section, stop, SIP_E_START_LINE), stop);
    if (line_end) {
      section->at = stop + line_end;
      break;
    }
    stop++;
  }
  return sip_str_between(from, stop);
}

/* Whether a byte is the second of a quoted pair (25.1 quoted-string, comment).
 * Kept from one control byte of a value to the next, so that a value full of
 * them is read twice, not once for each. */
typedef struct quoting {
  const char *at;
  size_t comments;
  bool quoted;
  bool escaped;
} quoting;

static bool is_quoted_pair(quoting *q, const char *byte) {
  for (; q->at < byte; q->at++) {
    char c = *q->at;
    if (q->escaped) {
      q->escaped = false;
    } else if (c == '\\') {
      q->escaped = q->quoted || q->comments > 0;
    } else if (c == '"' && q->comments == 0) {
      q->quoted = !q->quoted;
    } else if (c == '(' && !q->quoted) {
      q->comments++;
    } else if (c == ')' && !q->quoted && q->comments > 0) {
      q->comments--;
    }
  }
  return q->escaped;
}

/* The end of a value that begins at `from`; section->at goes behind its line end. */
static const char *find_value_end(sip_section *section, const char *from) {
  quoting q = {.at = from};
  const char *stop = from;
  for (;;) {
    stop = sip_find_control(stop, section->end);
    if (stop == section->end) {
      section->at = stop;
      return stop;
    }
    size_t line_end = line_end_at(section, stop);
    if (line_end == 0) {
      bool allowed = *stop != '\r' && is_quoted_pair(&q, stop);
      if (!allowed) note(section, error_of(section, stop, SIP_E_HEADER), stop);
      stop++;
      continue;
    }
    if (line_end == 1) note(section, SIP_E_LINE_END, stop);
    const char *next = stop + line_end;
    if (next < section->end && sip_is_blank(*next)) {
      stop = next;
      continue;
    }
    section->at = next;
    return stop;
  }
}

static bool is_space(char c) {
  return sip_is_blank(c) || c == '\r' || c == '\n';
}

/* HCOLON without its last SWS: *( SP / HTAB ) ":". */
static bool scan_colon(sip_scan *scan) {
  while (scan->at < scan->end && sip_is_blank(*scan->at)) scan->at++;
  return sip_scan_char(scan, ':');
}

static int name_error(const sip_section *section, const sip_scan *scan) {
  if (sip_scan_done(scan)) return SIP_E_TRUNCATED;
  bool whole = line_end_at(section, scan->at) > 0; /* the line ends before its colon */
  return whole ? SIP_E_HEADER_NAME : error_of(section, scan->at, SIP_E_HEADER_NAME);
}

sip_line_kind sip_section_next_of_any_kind(sip_section *section, sip_line *out) {
  const char *from = section->at;
  size_t empty = line_end_at(section, from);
  if (empty) {
    if (empty == 1) note(section, SIP_E_LINE_END, from);
    section->at += empty;
    return SIP_LINE_EMPTY;
  }
  if (from == section->end) {
    note(section, SIP_E_TRUNCATED, from);
    return SIP_LINE_TRUNCATED;
  }
  sip_scan scan = {from, section->end, section->end};
  if (!sip_scan_token(&scan, &out->name) || !scan_colon(&scan)) {
    note(section, name_error(section, &scan), scan.at);
    find_value_end(section, scan.at);
    return SIP_LINE_NO_HEADER;
  }
  out->id = sip_header_find(out->name);
  sip_scan_space(&scan);
  const char *end = find_value_end(section, scan.at), *trimmed = end;
  while (trimmed > scan.at && is_space(trimmed[-1])) trimmed--;
  out->value = sip_str_between(scan.at, trimmed);
  return SIP_LINE_HEADER;
}
