/* SPDX-License-Identifier: MIT
 *
 * Strict where leniency lets two readers see two messages.
 */
#include "web/head.h"

#include <string.h>

#include "base/chars.h"

enum { BAD_REQUEST = 400, FIELDS_TOO_LARGE = 431, VERSION_NOT_SUPPORTED = 505 };

size_t web_head_len(sip_str text) {
  for (size_t i = 3; i < text.len; i++) {
    if (text.ptr[i] == '\n' && memcmp(text.ptr + i - 3, "\r\n\r\n", 4) == 0) return i + 1;
  }
  return 0;
}

/* Takes a line off the front. False when it does not end with CRLF, or has a control
 * character in it. */
static bool take_line(sip_str *text, sip_str *line) {
  size_t end = sip_str_index(*text, '\r');
  if (end + 1 >= text->len || text->ptr[end + 1] != '\n') return false;
  *line = sip_str_make(text->ptr, end);
  *text = sip_str_make(text->ptr + end + 2, text->len - end - 2);
  for (size_t i = 0; i < line->len; i++) {
    unsigned char c = (unsigned char)line->ptr[i];
    if ((c < ' ' && c != '\t') || c == 0x7f) return false;
  }
  return true;
}

/* RFC 9110 5.6.2 has five characters more than RFC 3261 25.1. */
static bool is_token(sip_str text) {
  for (size_t i = 0; i < text.len; i++) {
    if (!sip_char_is(text.ptr[i], SIP_CHAR_TOKEN) && !memchr("#$&^|", text.ptr[i], 5)) return false;
  }
  return text.len > 0;
}

/* Takes what stands before the next space. */
static sip_str take_word(sip_str *line) {
  size_t end = sip_str_index(*line, ' ');
  sip_str word = sip_str_make(line->ptr, end);
  size_t used = end < line->len ? end + 1 : end;
  *line = sip_str_make(line->ptr + used, line->len - used);
  return word;
}

/* "HTTP/1.1". 0, or a status. */
static int read_version(sip_str word, int *minor) {
  const sip_str name = SIP_STR("HTTP/");
  bool is_http = word.len == 8 && memcmp(word.ptr, name.ptr, name.len) == 0 && word.ptr[6] == '.';
  if (!is_http) return BAD_REQUEST;
  if (word.ptr[5] != '1' || (word.ptr[7] != '0' && word.ptr[7] != '1')) {
    return VERSION_NOT_SUPPORTED;
  }
  *minor = word.ptr[7] - '0';
  return 0;
}

static int read_start(sip_str line, bool is_request, web_head *out) {
  if (!is_request) {
    uint64_t status;
    int error = read_version(take_word(&line), &out->version);
    if (!sip_str_to_number(take_word(&line), 999, &status)) return BAD_REQUEST;
    out->status = (int)status;
    return error;
  }
  out->method = take_word(&line);
  out->target = take_word(&line);
  if (!is_token(out->method) || out->target.len == 0) return BAD_REQUEST;
  return read_version(line, &out->version);
}

static int read_field(sip_str line, web_head *out) {
  size_t colon = sip_str_index(line, ':');
  web_field field = {.name = sip_str_make(line.ptr, colon)};
  if (colon == line.len || !is_token(field.name)) return BAD_REQUEST;
  field.value = sip_str_trim(sip_str_make(line.ptr + colon + 1, line.len - colon - 1));
  if (out->field_count == WEB_FIELDS_MAX) return FIELDS_TOO_LARGE;
  out->fields[out->field_count++] = field;
  return 0;
}

int web_head_read(sip_str head, bool is_request, web_head *out) {
  sip_str line;
  *out = (web_head){0};
  if (!take_line(&head, &line)) return BAD_REQUEST;
  int status = read_start(line, is_request, out);
  while (!status) {
    if (!take_line(&head, &line)) return BAD_REQUEST;
    if (line.len == 0) return 0;
    status = read_field(line, out);
  }
  return status;
}

bool web_head_get(const web_head *head, sip_str name, sip_str *value) {
  bool is_found = false;
  *value = sip_str_make(NULL, 0);
  for (size_t i = 0; i < head->field_count; i++) {
    if (!sip_str_equal_nocase(head->fields[i].name, name)) continue;
    if (is_found) return false;
    is_found = true;
    *value = head->fields[i].value;
  }
  return true;
}

static bool has_token(sip_str list, sip_str token) {
  while (list.len > 0) {
    size_t end = sip_str_index(list, ',');
    if (sip_str_equal_nocase(sip_str_trim(sip_str_make(list.ptr, end)), token)) return true;
    size_t used = end < list.len ? end + 1 : end;
    list = sip_str_make(list.ptr + used, list.len - used);
  }
  return false;
}

bool web_head_lists(const web_head *head, sip_str name, sip_str token) {
  for (size_t i = 0; i < head->field_count; i++) {
    bool is_it = sip_str_equal_nocase(head->fields[i].name, name);
    if (is_it && has_token(head->fields[i].value, token)) return true;
  }
  return false;
}
