/* SPDX-License-Identifier: MIT
 *
 * Requests of HTTP/1.1 (RFC 9112) out of the bytes of a connection, one after the other,
 * however they are split: a head of at most WEB_HEAD_MAX bytes, and a body whose length it
 * says. A body in chunks is asked for with its length (411): nobody sends forms in chunks.
 */
#ifndef MOONSIP_WEB_REQUEST_H
#define MOONSIP_WEB_REQUEST_H

#include "base/buffer.h"
#include "web/head.h"

typedef enum web_request_event {
  WEB_REQUEST_MORE,     /* all bytes were taken */
  WEB_REQUEST_CONTINUE, /* the peer waits for 100 before it sends the body (RFC 9110 10.1.1) */
  WEB_REQUEST_WHOLE,    /* the rest of the bytes is of the next one */
  WEB_REQUEST_BROKEN    /* `status` answers it; nothing more is read */
} web_request_event;

typedef struct web_request {
  web_head head; /* of `head_text` */
  sip_str body;
  bool is_last; /* the peer wants the connection closed after the answer */
} web_request;

typedef struct web_request_reader {
  size_t max_body;
  sip_buffer head_text;
  sip_buffer body_text;
  bool has_head;
  uint64_t body_len;
  int status; /* of a broken one: 400, 411, 413, 417, 431, 501, 505, 500 without memory */
  web_request request;
} web_request_reader;

void web_request_init(web_request_reader *reader, sip_alloc *alloc, size_t max_body);
void web_request_deinit(web_request_reader *reader);

/* Takes bytes off the front. After WHOLE, reader->request is the request until
 * web_request_next. */
web_request_event web_request_feed(web_request_reader *reader, sip_str *bytes);

/* Forgets the request: the next may come. */
void web_request_next(web_request_reader *reader);

/* Bytes of a request have come, and not all of them. */
static inline bool web_request_has_begun(const web_request_reader *reader) {
  return reader->head_text.len > 0;
}

#endif
