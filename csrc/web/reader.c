/* SPDX-License-Identifier: MIT
 *
 * A message is only as long in memory as what came of it: what its frames announce is
 * compared with the limit and allocated by nobody.
 */
#include "web/reader.h"

#include "web/utf8.h"

void web_reader_init(web_reader *reader, sip_alloc *alloc, size_t message_max, bool expects_mask) {
  *reader = (web_reader){.expects_mask = expects_mask};
  sip_buffer_init(&reader->message, alloc, message_max);
}

void web_reader_deinit(web_reader *reader) {
  sip_buffer_deinit(&reader->message);
}

bool web_reader_is_idle(const web_reader *reader) {
  return !reader->in_message && !reader->in_frame && reader->head_len == 0;
}

static web_event broken(uint16_t code) {
  return (web_event){.kind = WEB_EVENT_BROKEN, .code = code};
}

static sip_str take(sip_str *bytes, size_t len) {
  sip_str front = sip_str_make(bytes->ptr, len);
  *bytes = sip_str_make(bytes->ptr + len, bytes->len - len);
  return front;
}

/* Whether this frame may come now, and what it begins: 0, or the code to close with. */
static uint16_t begin_frame(web_reader *reader) {
  const web_frame *frame = &reader->frame;
  if (frame->is_masked != reader->expects_mask) return WEB_CLOSE_PROTOCOL;
  reader->in_frame = true;
  reader->seen = 0;
  if (web_is_control(frame->opcode)) {
    reader->control_len = 0;
    return 0;
  }
  if (reader->in_message != (frame->opcode == WEB_CONTINUATION)) return WEB_CLOSE_PROTOCOL;
  if (!reader->in_message) {
    sip_buffer_clear(&reader->message);
    reader->is_text = frame->opcode == WEB_TEXT;
    reader->in_message = true;
  }
  bool fits = frame->len <= reader->message.max - reader->message.len;
  return fits ? 0 : WEB_CLOSE_TOO_BIG;
}

/* The head, byte by byte as they come: 0, or the code to close with. */
static uint16_t read_head(web_reader *reader, sip_str *bytes) {
  while (!reader->in_frame && bytes->len > 0) {
    reader->head[reader->head_len++] = (unsigned char)*take(bytes, 1).ptr;
    int size = web_frame_read(reader->head, reader->head_len, &reader->frame);
    if (size < 0) return WEB_CLOSE_PROTOCOL;
    if (size == 0) continue;
    reader->head_len = 0;
    return begin_frame(reader);
  }
  return 0;
}

/* Moves what came of the frame to where it belongs. */
static void read_data(web_reader *reader, sip_str *bytes) {
  const web_frame *frame = &reader->frame;
  uint64_t left = frame->len - reader->seen;
  sip_str part = take(bytes, left < bytes->len ? (size_t)left : bytes->len);
  if (part.len == 0) return;
  if (frame->is_masked) web_mask((char *)part.ptr, part.len, frame->mask, reader->seen);
  reader->seen += part.len;
  if (web_is_control(frame->opcode)) {
    memcpy(reader->control + reader->control_len, part.ptr, part.len);
    reader->control_len = (uint8_t)(reader->control_len + part.len);
  } else {
    sip_buffer_add(&reader->message, part);
  }
}

/* 7.4: what may stand in a close frame. */
static bool is_code(unsigned code) {
  if (code >= 3000) return code < 5000;
  return code >= 1000 && code < 1012 && code != 1004 && code != 1005 && code != 1006;
}

static web_event end_close(sip_str data) {
  if (data.len == 0) return (web_event){.kind = WEB_EVENT_CLOSE};
  if (data.len == 1) return broken(WEB_CLOSE_PROTOCOL);
  unsigned code = (unsigned)(unsigned char)data.ptr[0] << 8 | (unsigned char)data.ptr[1];
  sip_str why = sip_str_make(data.ptr + 2, data.len - 2);
  if (!is_code(code)) return broken(WEB_CLOSE_PROTOCOL);
  if (!web_is_utf8(why)) return broken(WEB_CLOSE_NOT_UTF8);
  return (web_event){.kind = WEB_EVENT_CLOSE, .data = why, .code = (uint16_t)code};
}

static web_event end_frame(web_reader *reader) {
  sip_str control = sip_str_make(reader->control, reader->control_len);
  switch (reader->frame.opcode) {
  case WEB_CLOSE:
    return end_close(control);
  case WEB_PING:
    return (web_event){.kind = WEB_EVENT_PING, .data = control};
  case WEB_PONG:
    return (web_event){.kind = WEB_EVENT_PONG, .data = control};
  default:
    break;
  }
  if (!reader->frame.is_final) return (web_event){.kind = WEB_EVENT_MORE};
  reader->in_message = false;
  sip_str message = sip_buffer_str(&reader->message);
  if (reader->is_text && !web_is_utf8(message)) return broken(WEB_CLOSE_NOT_UTF8);
  return (web_event){.kind = WEB_EVENT_MESSAGE, .data = message};
}

/* An idle WebSocket holds no memory for what it once carried. */
static void shrink(web_reader *reader) {
  if (!web_reader_is_idle(reader) || reader->message.size == 0) return;
  sip_alloc *alloc = reader->message.alloc;
  size_t max = reader->message.max;
  sip_buffer_deinit(&reader->message);
  sip_buffer_init(&reader->message, alloc, max);
}

web_event web_reader_next(web_reader *reader, sip_str *bytes) {
  shrink(reader);
  while (true) {
    if (!reader->in_frame) {
      uint16_t code = read_head(reader, bytes);
      if (code) return broken(code);
      if (!reader->in_frame) break;
    }
    read_data(reader, bytes);
    if (reader->message.failed) return (web_event){.kind = WEB_EVENT_MEMORY};
    if (reader->seen < reader->frame.len) break;
    reader->in_frame = false;
    web_event event = end_frame(reader);
    if (event.kind != WEB_EVENT_MORE) return event;
  }
  return (web_event){.kind = WEB_EVENT_MORE};
}
