/* SPDX-License-Identifier: MIT
 *
 * A new message is the old one with some spans exchanged; what lies between them
 * is copied byte by byte.
 */
#include "sip/edit.h"

#include "base/chars.h"
#include "base/error.h"
#include "sip/start_line.h"
#include "sip/status.h"

/* Copies old bytes up to `to`, and goes on behind them. */
typedef struct editor {
  const sip_message *message;
  sip_buffer *out;
  uint32_t at;
} editor;

static void keep(editor *e, uint32_t to) {
  sip_buffer_add(e->out, sip_str_make(e->message->bytes + e->at, to - e->at));
  e->at = to;
}

static void exchange(editor *e, sip_span old, sip_str text) {
  keep(e, old.at);
  sip_buffer_add(e->out, text);
  e->at = old.at + old.len;
}

static int finish(editor *e) {
  keep(e, e->message->len);
  return e->out->failed ? SIP_E_MEMORY : 0;
}

/* A message with an error has lines whose bounds are a guess. */
static int start(editor *e, const sip_message *message, sip_buffer *out) {
  *e = (editor){.message = message, .out = out};
  return message->error ? SIP_E_STATE : 0;
}

int sip_edit_request_uri(const sip_message *message, sip_str uri, sip_buffer *out) {
  editor e;
  int error = start(&e, message, out);
  if (error) return error;
  if (!sip_message_is_request(message)) return SIP_E_STATE;
  if (sip_str_has_line_break(uri)) return SIP_E_INJECTION;
  sip_uri parsed;
  sip_scan scan = sip_scan_over(uri);
  if (sip_scan_request_uri(&scan, &sip_limits_default, &parsed)) return SIP_E_URI;
  exchange(&e, message->uri_text, uri);
  return finish(&e);
}

int sip_edit_method(const sip_message *message, sip_str method, sip_buffer *out) {
  editor e;
  int error = start(&e, message, out);
  if (error) return error;
  if (!sip_message_is_request(message)) return SIP_E_STATE;
  if (sip_str_has_line_break(method)) return SIP_E_INJECTION;
  if (!sip_str_is(method, SIP_CHAR_TOKEN)) return SIP_E_INVALID;
  const sip_header *h = sip_message_find(message, SIP_HEADER_CSEQ, 0);
  uint32_t old = message->method_text.len;
  sip_span in_cseq = {h->value_at + h->value_len - old, old};
  exchange(&e, message->method_text, method);
  exchange(&e, in_cseq, method);
  return finish(&e);
}

int sip_edit_status(const sip_message *message, int status, sip_str reason, sip_buffer *out) {
  editor e;
  int error = start(&e, message, out);
  if (error) return error;
  if (sip_message_is_request(message)) return SIP_E_STATE;
  if (status < SIP_STATUS_MIN || status > SIP_STATUS_MAX) return SIP_E_INVALID;
  if (sip_str_has_line_break(reason)) return SIP_E_INJECTION;
  enum { STATUS_LEN = 4 }; /* three digits and the SP */
  keep(&e, message->reason.at - STATUS_LEN);
  sip_buffer_add_number(out, (uint64_t)status);
  sip_buffer_add_char(out, ' ');
  sip_buffer_add(out, reason);
  e.at = message->reason.at + message->reason.len;
  return finish(&e);
}

/* Where the line of header `index` ends, its CRLF included. */
static uint32_t line_end(const sip_message *m, size_t index) {
  return index + 1U < m->header_count ? m->headers[index + 1].name_at : m->body_at - 2;
}

static void write_line(sip_buffer *out, sip_str name, sip_str value) {
  sip_buffer_add(out, name);
  SIP_BUFFER_ADD(out, ": ");
  sip_buffer_add(out, value);
  SIP_BUFFER_ADD(out, "\r\n");
}

static int check_name(sip_str name) {
  if (sip_str_has_line_break(name)) return SIP_E_INJECTION;
  return sip_str_is(name, SIP_CHAR_TOKEN) ? 0 : SIP_E_HEADER_NAME;
}

/* The spelling of a new line: as in the message, else the registered one. */
static sip_str spelling(const sip_message *m, sip_str name) {
  const sip_header *h = sip_message_find_name(m, name, 0);
  if (h) return sip_message_header_name(m, h);
  sip_header_id id = sip_header_find(name);
  return id == SIP_HEADER_UNKNOWN ? name : sip_header_name(id);
}

int sip_edit_header(const sip_message *message, sip_str name, const sip_str *values, size_t count,
                    sip_buffer *out) {
  editor e;
  int error = start(&e, message, out);
  if (!error) error = check_name(name);
  for (size_t i = 0; i < count && !error; i++) {
    if (sip_str_has_line_break(values[i])) error = SIP_E_INJECTION;
  }
  if (error) return error;
  const sip_header *h = sip_message_find_name(message, name, 0);
  sip_str written = spelling(message, name);
  keep(&e, h ? h->name_at : message->body_at - 2);
  for (size_t i = 0; i < count; i++) write_line(out, written, values[i]);
  while (h) {
    size_t index = (size_t)(h - message->headers);
    keep(&e, h->name_at);
    e.at = line_end(message, index);
    h = sip_message_find_name(message, name, index + 1);
  }
  return finish(&e);
}

int sip_edit_add_header(const sip_message *message, sip_str name, sip_str value, bool first,
                        sip_buffer *out) {
  editor e;
  int error = start(&e, message, out);
  if (!error) error = check_name(name);
  if (!error && sip_str_has_line_break(value)) error = SIP_E_INJECTION;
  if (error) return error;
  uint32_t at = message->body_at - 2;
  const sip_header *h = sip_message_find_name(message, name, 0);
  if (h && first) at = h->name_at;
  while (h && !first) {
    size_t index = (size_t)(h - message->headers);
    at = line_end(message, index);
    h = sip_message_find_name(message, name, index + 1);
  }
  keep(&e, at);
  write_line(out, spelling(message, name), value);
  return finish(&e);
}

int sip_edit_header_at(const sip_message *message, size_t index, sip_str value, sip_buffer *out) {
  editor e;
  int error = start(&e, message, out);
  if (error) return error;
  if (index >= message->header_count) return SIP_E_INVALID;
  if (sip_str_has_line_break(value)) return SIP_E_INJECTION;
  const sip_header *h = &message->headers[index];
  /* An empty value has its place right behind the colon or behind a fold. */
  exchange(&e, (sip_span){h->value_at, h->value_len}, value);
  return finish(&e);
}

int sip_edit_body(const sip_message *message, sip_str type, sip_str body, sip_buffer *out) {
  editor e;
  int error = start(&e, message, out);
  if (error) return error;
  if (sip_str_has_line_break(type)) return SIP_E_INJECTION;
  bool has_type = false, has_length = false;
  for (size_t i = 0; i < message->header_count; i++) {
    const sip_header *h = &message->headers[i];
    sip_span value = {h->value_at, h->value_len};
    if (h->id == SIP_HEADER_CONTENT_LENGTH) {
      exchange(&e, value, (sip_str){0});
      sip_buffer_add_number(out, body.len);
      has_length = true;
    } else if (h->id == SIP_HEADER_CONTENT_TYPE && type.ptr) {
      exchange(&e, value, type);
      has_type = true;
    }
  }
  keep(&e, message->body_at - 2);
  if (type.ptr && !has_type) write_line(out, SIP_STR("Content-Type"), type);
  if (!has_length) {
    SIP_BUFFER_ADD(out, "Content-Length: ");
    sip_buffer_add_number(out, body.len);
    SIP_BUFFER_ADD(out, "\r\n");
  }
  SIP_BUFFER_ADD(out, "\r\n");
  sip_buffer_add(out, body);
  return out->failed ? SIP_E_MEMORY : 0;
}
