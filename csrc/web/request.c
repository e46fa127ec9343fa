/* SPDX-License-Identifier: MIT
 *
 * What could be read in two ways is refused: that is how requests are smuggled past
 * another server (RFC 9112 11.2).
 */
#include "web/request.h"

enum {
  BAD_REQUEST = 400,
  LENGTH_REQUIRED = 411,
  CONTENT_TOO_LARGE = 413,
  EXPECTATION_FAILED = 417,
  FIELDS_TOO_LARGE = 431,
  SERVER_ERROR = 500,
  NOT_IMPLEMENTED = 501
};

void web_request_init(web_request_reader *reader, sip_alloc *alloc, size_t max_body) {
  *reader = (web_request_reader){.max_body = max_body};
  sip_buffer_init(&reader->head_text, alloc, WEB_HEAD_MAX);
  sip_buffer_init(&reader->body_text, alloc, max_body);
}

void web_request_deinit(web_request_reader *reader) {
  sip_buffer_deinit(&reader->head_text);
  sip_buffer_deinit(&reader->body_text);
}

/* An idle connection holds no memory. */
void web_request_next(web_request_reader *reader) {
  web_request_deinit(reader);
  reader->has_head = false;
  reader->body_len = 0;
  reader->status = 0;
}

static web_request_event break_off(web_request_reader *reader, int status) {
  reader->status = status;
  return WEB_REQUEST_BROKEN;
}

/* How long the body is (RFC 9112 6.3). 0 or a status. */
static int read_length(web_request_reader *reader) {
  const web_head *head = &reader->request.head;
  sip_str coding, length;
  bool is_single = web_head_get(head, SIP_STR("Transfer-Encoding"), &coding) &&
                   web_head_get(head, SIP_STR("Content-Length"), &length);
  if (!is_single || (coding.len && length.len)) return BAD_REQUEST;
  if (coding.len) {
    bool is_chunked = sip_str_equal_nocase(coding, SIP_STR("chunked"));
    return is_chunked ? LENGTH_REQUIRED : NOT_IMPLEMENTED;
  }
  if (length.len == 0) return 0;
  if (!sip_str_to_number(length, UINT64_MAX, &reader->body_len)) return BAD_REQUEST;
  return reader->body_len > reader->max_body ? CONTENT_TOO_LARGE : 0;
}

/* 0 or a status. */
static int read_head(web_request_reader *reader, size_t len) {
  web_head *head = &reader->request.head;
  int status = web_head_read(sip_str_make(reader->head_text.ptr, len), true, head);
  if (status) return status;
  sip_str host;
  if (!web_head_get(head, SIP_STR("Host"), &host)) return BAD_REQUEST;
  if (host.len == 0 && head->version > 0) return BAD_REQUEST; /* 3.2 */
  reader->request.is_last =
      head->version == 0 || web_head_lists(head, SIP_STR("Connection"), SIP_STR("close"));
  return read_length(reader);
}

/* 100, when that is waited for and there is something to wait for. */
static web_request_event answer_expectation(web_request_reader *reader) {
  const web_head *head = &reader->request.head;
  sip_str expected;
  if (!web_head_get(head, SIP_STR("Expect"), &expected)) return break_off(reader, BAD_REQUEST);
  if (expected.len == 0) return WEB_REQUEST_MORE;
  if (!sip_str_equal_nocase(expected, SIP_STR("100-continue"))) {
    return break_off(reader, EXPECTATION_FAILED);
  }
  return reader->body_len > 0 ? WEB_REQUEST_CONTINUE : WEB_REQUEST_MORE;
}

/* Gathers the head, and takes no byte behind it. */
static web_request_event feed_head(web_request_reader *reader, sip_str *bytes) {
  size_t before = reader->head_text.len, room = WEB_HEAD_MAX - before;
  size_t given = bytes->len < room ? bytes->len : room;
  sip_buffer_add(&reader->head_text, sip_str_make(bytes->ptr, given));
  if (reader->head_text.failed) return break_off(reader, SERVER_ERROR);
  size_t len = web_head_len(sip_buffer_str(&reader->head_text));
  size_t used = len ? len - before : given;
  *bytes = sip_str_make(bytes->ptr + used, bytes->len - used);
  if (len == 0) {
    bool is_full = reader->head_text.len == WEB_HEAD_MAX;
    return is_full ? break_off(reader, FIELDS_TOO_LARGE) : WEB_REQUEST_MORE;
  }
  reader->head_text.len = len;
  int status = read_head(reader, len);
  if (status) return break_off(reader, status);
  reader->has_head = true;
  return answer_expectation(reader);
}

static web_request_event feed_body(web_request_reader *reader, sip_str *bytes) {
  size_t missing = (size_t)reader->body_len - reader->body_text.len;
  size_t given = bytes->len < missing ? bytes->len : missing;
  sip_buffer_add(&reader->body_text, sip_str_make(bytes->ptr, given));
  if (reader->body_text.failed) return break_off(reader, SERVER_ERROR);
  *bytes = sip_str_make(bytes->ptr + given, bytes->len - given);
  if (given < missing) return WEB_REQUEST_MORE;
  reader->request.body = sip_buffer_str(&reader->body_text);
  return WEB_REQUEST_WHOLE;
}

web_request_event web_request_feed(web_request_reader *reader, sip_str *bytes) {
  if (reader->status) return WEB_REQUEST_BROKEN;
  if (!reader->has_head) {
    web_request_event event = feed_head(reader, bytes);
    if (event != WEB_REQUEST_MORE || !reader->has_head) return event;
  }
  return feed_body(reader, bytes);
}
