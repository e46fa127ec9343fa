/* SPDX-License-Identifier: MIT
 *
 * The block a message lives in, and look-ups by name.
 */
#include "sip/message.h"

#include "base/error.h"
#include "sip/start_line.h"
#include "sip/values.h"

const sip_limits sip_limits_default = {.message_size = 65535,
                                       .header_count = 256,
                                       .header_size = 8192,
                                       .uri_params = 32,
                                       .multipart_depth = 4,
                                       .multipart_parts = 64};

const sip_message sip_message_blank = {.bytes = "",
                                       .error_header = SIP_NO_HEADER,
                                       .max_forwards = -1,
                                       .top_via = SIP_NO_HEADER,
                                       .from = SIP_NO_HEADER,
                                       .to = SIP_NO_HEADER};

static size_t room_size(size_t headers) {
  return sizeof(sip_message) + headers * sizeof(sip_header);
}

sip_message *sip_message_new(sip_alloc *alloc, const sip_limits *limits) {
  sip_message *message = sip_alloc_new(alloc, room_size(limits->header_count));
  if (!message) return NULL;
  *message = sip_message_blank;
  message->header_room = limits->header_count;
  return message;
}

void sip_message_free(sip_alloc *alloc, sip_message *message) {
  if (message) sip_alloc_free(alloc, message, room_size(message->header_room));
}

size_t sip_message_copy_size(const sip_message *message) {
  return room_size(message->header_count) + message->len;
}

sip_message *sip_message_copy(const sip_message *message, void *block) {
  size_t head = room_size(message->header_count);
  sip_message *copy = block;
  memcpy(copy, message, head);
  char *bytes = (char *)block + head;
  if (message->len > 0) memcpy(bytes, message->bytes, message->len);
  copy->bytes = bytes;
  copy->header_room = message->header_count;
  copy->size = (uint32_t)(head + message->len);
  return copy;
}

const sip_header *sip_message_find(const sip_message *message, sip_header_id id, size_t from) {
  for (size_t i = from; i < message->header_count; i++) {
    if (message->headers[i].id == id) return &message->headers[i];
  }
  return NULL;
}

const sip_header *sip_message_find_name(const sip_message *message, sip_str name, size_t from) {
  sip_header_id id = sip_header_find(name);
  if (id != SIP_HEADER_UNKNOWN) return sip_message_find(message, id, from);
  for (size_t i = from; i < message->header_count; i++) {
    const sip_header *h = &message->headers[i];
    if (sip_str_equal_nocase(sip_message_header_name(message, h), name)) return h;
  }
  return NULL;
}

bool sip_message_next_value(const sip_message *message, sip_header_id id, sip_value_cursor *cursor,
                            sip_str *value) {
  for (;;) {
    const sip_header *h = sip_message_find(message, id, cursor->header);
    if (!h) return false;
    cursor->header = (uint32_t)(h - message->headers);
    sip_str rest = sip_message_value(message, h);
    bool first = cursor->at == 0;
    size_t taken = first ? 0 : cursor->at - 1;
    rest = sip_str_make(rest.ptr + taken, rest.len - taken);
    if (sip_values_next(&rest, id, first, value)) {
      cursor->at = h->value_len - (uint32_t)rest.len + 1;
      return true;
    }
    cursor->header++;
    cursor->at = 0;
  }
}

bool sip_message_has_token(const sip_message *message, sip_header_id id, sip_str token) {
  sip_value_cursor cursor = {0};
  sip_str value;
  while (sip_message_next_value(message, id, &cursor, &value)) {
    if (sip_str_equal_nocase(value, token)) return true;
  }
  return false;
}

int sip_message_request_uri(const sip_message *message, sip_uri *out) {
  return sip_uri_parse(sip_message_span(message, message->uri_text), out, NULL);
}

int sip_message_via(const sip_message *message, sip_via *out) {
  if (message->top_via == SIP_NO_HEADER) {
    *out = (sip_via){0};
    return SIP_E_MISSING;
  }
  sip_str value = sip_message_value(message, &message->headers[message->top_via]);
  sip_scan scan = sip_scan_over(value);
  return sip_scan_via(&scan, out);
}
