/* SPDX-License-Identifier: MIT
 *
 * Delimiter lines: CRLF "--" boundary *LWSP-char CRLF.
 */
#include "sip/multipart.h"

#include "base/error.h"
#include "sip/section.h"

typedef enum delimiter_kind { NO_DELIMITER, DELIMITER, CLOSE_DELIMITER } delimiter_kind;

static bool is_boundary_byte(char c) {
  return sip_char_is(c, SIP_CHAR_ALPHA | SIP_CHAR_DIGIT) || (c && strchr("'()+_,-./:=? ", c));
}

bool sip_boundary_is_valid(sip_str boundary) {
  if (boundary.len == 0 || boundary.len > SIP_BOUNDARY_MAX) return false;
  for (size_t i = 0; i < boundary.len; i++) {
    if (!is_boundary_byte(boundary.ptr[i])) return false;
  }
  return boundary.ptr[boundary.len - 1] != ' ';
}

/* What begins at `at`, which is the start of a line; *behind is the byte after its
 * CRLF, or after what is there of it. */
static delimiter_kind delimiter_at(sip_str boundary, const char *at, const char *end,
                                   const char **behind) {
  if ((size_t)(end - at) < boundary.len + 2 || at[0] != '-' || at[1] != '-') return NO_DELIMITER;
  if (memcmp(at + 2, boundary.ptr, boundary.len) != 0) return NO_DELIMITER;
  at += 2 + boundary.len;
  delimiter_kind kind = DELIMITER;
  if (end - at >= 2 && at[0] == '-' && at[1] == '-') {
    kind = CLOSE_DELIMITER;
    at += 2;
  }
  while (at < end && sip_char_is(*at, SIP_CHAR_SPACE)) at++;
  *behind = at;
  if (at == end) return kind == CLOSE_DELIMITER ? kind : NO_DELIMITER;
  if (end - at < 2 || at[0] != '\r' || at[1] != '\n') return NO_DELIMITER;
  *behind = at + 2;
  return kind;
}

/* The next delimiter line of the text; *line is its CRLF in front. */
static delimiter_kind find_delimiter(sip_str boundary, sip_str text, const char **line,
                                     const char **behind) {
  const char *at = text.ptr, *end = text.ptr + text.len;
  while (at < end) {
    at = memchr(at, '\r', (size_t)(end - at));
    if (!at || end - at < 2) break;
    *line = at++;
    if (*at != '\n') continue;
    delimiter_kind kind = delimiter_at(boundary, ++at, end, behind);
    if (kind != NO_DELIMITER) return kind;
  }
  return NO_DELIMITER;
}

static sip_str boundary_of(const sip_multipart *m) {
  return sip_str_make(m->boundary, m->boundary_len);
}

static int take_boundary(sip_multipart *m, sip_str content_type) {
  sip_media_type media;
  sip_param param;
  if (sip_media_type_parse(content_type, &media) != 0 ||
      !sip_str_equal_nocase(media.type, SIP_STR("multipart")) ||
      !sip_param_find(media.params, SIP_STR("boundary"), &param)) {
    return SIP_E_MULTIPART;
  }
  sip_buffer out = {.ptr = m->boundary, .size = SIP_BOUNDARY_MAX, .max = SIP_BOUNDARY_MAX};
  sip_unquote(param.value, &out);
  m->boundary_len = (uint8_t)out.len;
  return !out.failed && sip_boundary_is_valid(boundary_of(m)) ? 0 : SIP_E_MULTIPART;
}

int sip_multipart_init(sip_multipart *multipart, sip_str content_type, sip_str body, uint16_t depth,
                       const sip_limits *limits) {
  *multipart = (sip_multipart){.limits = limits, .depth = (uint16_t)(depth + 1)};
  if (depth >= limits->multipart_depth) return SIP_E_LIMIT;
  int error = take_boundary(multipart, content_type);
  if (error) return error;
  if (body.len == 0) return SIP_E_MULTIPART;
  sip_str boundary = boundary_of(multipart);
  const char *line, *behind;
  /* The first delimiter may begin the body; else a preamble is in front. */
  delimiter_kind kind = delimiter_at(boundary, body.ptr, body.ptr + body.len, &behind);
  if (kind == NO_DELIMITER) kind = find_delimiter(boundary, body, &line, &behind);
  if (kind != DELIMITER) return SIP_E_MULTIPART;
  multipart->rest = sip_str_between(behind, body.ptr + body.len);
  return 0;
}

/* Splits at the empty line; without one the part is headers only. */
static void split(sip_str text, sip_part *out) {
  *out = (sip_part){.headers = text, .body = {text.ptr + text.len, 0}};
  const char *at = text.ptr, *end = text.ptr + text.len;
  while (at < end) {
    bool empty = end - at >= 2 && at[0] == '\r' && at[1] == '\n';
    if (empty) {
      out->headers = sip_str_between(text.ptr, at);
      out->body = sip_str_between(at + 2, end);
      return;
    }
    const char *lf = memchr(at, '\n', (size_t)(end - at));
    if (!lf) return;
    at = lf + 1;
  }
}

static bool headers_are_sound(sip_str headers) {
  sip_section section;
  sip_line line;
  sip_section_init(&section, headers);
  for (;;) {
    sip_line_kind kind = sip_section_next(&section, &line);
    /* The empty line that ends a section was cut off: that is its only error. */
    if (kind == SIP_LINE_TRUNCATED) return section.error_at == section.end;
    if (kind != SIP_LINE_HEADER) return false;
  }
}

int sip_multipart_next(sip_multipart *multipart, sip_part *out) {
  if (multipart->closed) return 0;
  if (multipart->count == multipart->limits->multipart_parts) return SIP_E_LIMIT;
  sip_str rest = multipart->rest;
  const char *line, *behind, *end = rest.ptr + rest.len;
  delimiter_kind kind = delimiter_at(boundary_of(multipart), rest.ptr, end, &behind);
  if (kind != NO_DELIMITER) return SIP_E_MULTIPART; /* nothing between two delimiters */
  kind = find_delimiter(boundary_of(multipart), rest, &line, &behind);
  if (kind == NO_DELIMITER) return SIP_E_MULTIPART;
  split(sip_str_between(rest.ptr, line), out);
  if (out->headers.len > 0 && !headers_are_sound(out->headers)) return SIP_E_MULTIPART;
  multipart->rest = sip_str_between(behind, end);
  multipart->closed = kind == CLOSE_DELIMITER;
  multipart->count++;
  return 1;
}

bool sip_part_header(const sip_part *part, sip_header_id id, sip_str *value) {
  sip_section section;
  sip_line line;
  sip_section_init(&section, part->headers);
  while (sip_section_next(&section, &line) == SIP_LINE_HEADER) {
    if (line.id != id) continue;
    *value = line.value;
    return true;
  }
  return false;
}

/* --- Writing ----------------------------------------------------------------- */

/* The start of a text is the start of a line. */
static bool holds_delimiter(sip_str boundary, sip_str text) {
  for (size_t at = 0; at + boundary.len + 2 <= text.len; at++) {
    bool line = at == 0 || text.ptr[at - 1] == '\n';
    if (line && text.ptr[at] == '-' && text.ptr[at + 1] == '-' &&
        memcmp(text.ptr + at + 2, boundary.ptr, boundary.len) == 0) {
      return true;
    }
  }
  return false;
}

static void write_delimiter(sip_str boundary, sip_buffer *out) {
  SIP_BUFFER_ADD(out, "--");
  sip_buffer_add(out, boundary);
}

int sip_multipart_write(const sip_part *parts, size_t count, sip_str boundary, sip_buffer *out) {
  if (count == 0 || !sip_boundary_is_valid(boundary)) return SIP_E_INVALID;
  for (size_t i = 0; i < count; i++) {
    const sip_part *part = &parts[i];
    if (holds_delimiter(boundary, part->body) || holds_delimiter(boundary, part->headers)) {
      return SIP_E_INVALID;
    }
    if (part->headers.len > 0 && !headers_are_sound(part->headers)) return SIP_E_INVALID;
    write_delimiter(boundary, out);
    SIP_BUFFER_ADD(out, "\r\n");
    sip_buffer_add(out, part->headers);
    bool open_line = part->headers.len > 0 && part->headers.ptr[part->headers.len - 1] != '\n';
    if (open_line) SIP_BUFFER_ADD(out, "\r\n"); /* a part that was headers only */
    SIP_BUFFER_ADD(out, "\r\n");
    sip_buffer_add(out, part->body);
    SIP_BUFFER_ADD(out, "\r\n");
  }
  write_delimiter(boundary, out);
  SIP_BUFFER_ADD(out, "--\r\n");
  return out->failed ? SIP_E_MEMORY : 0;
}
