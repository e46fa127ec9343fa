/* SPDX-License-Identifier: MIT
 *
 * What comes over a WebSocket: messages put together from their fragments, and control
 * frames, which may come between those (RFC 6455 5.4, 5.5).
 */
#ifndef MOONSIP_WEB_READER_H
#define MOONSIP_WEB_READER_H

#include "base/buffer.h"
#include "web/frame.h"

typedef struct web_reader {
  bool expects_mask; /* of a client, always; of a server, never (5.1) */
  bool in_message;   /* a message has begun */
  bool in_frame;     /* its head is read */
  bool is_text;
  unsigned char head[WEB_FRAME_HEAD_MAX];
  uint8_t head_len;
  web_frame frame;
  uint64_t seen;      /* bytes of the frame */
  sip_buffer message; /* its max is that of a message */
  char control[WEB_CONTROL_MAX];
  uint8_t control_len;
} web_reader;

typedef enum web_event_kind {
  WEB_EVENT_MORE,    /* bytes are wanted */
  WEB_EVENT_MESSAGE, /* data: the whole of it */
  WEB_EVENT_PING,    /* data: for the pong */
  WEB_EVENT_PONG,
  WEB_EVENT_CLOSE,  /* code: the peer's, or 0 when it gave none */
  WEB_EVENT_BROKEN, /* code: to close with. Nothing more may be read */
  WEB_EVENT_MEMORY  /* there was none: nothing more may be read */
} web_event_kind;

typedef struct web_event {
  web_event_kind kind;
  sip_str data; /* valid until the next call */
  uint16_t code;
} web_event;

void web_reader_init(web_reader *reader, sip_alloc *alloc, size_t message_max, bool expects_mask);
void web_reader_deinit(web_reader *reader);

/* Takes what it can from the front of *bytes, which it may unmask in place. */
web_event web_reader_next(web_reader *reader, sip_str *bytes);

/* True between two messages: nothing of one has come. */
bool web_reader_is_idle(const web_reader *reader);

#endif
