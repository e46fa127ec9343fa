/* SPDX-License-Identifier: MIT
 *
 * One datagram: what the parser found lies in it, a copy parses to the same, and
 * every value of every header can be walked and parsed.
 */
#include "fuzz.h"

#include "base/error.h"
#include "sip/value.h"

static void check_spans(const sip_message *m) {
  const sip_span spans[] = {m->method_text, m->uri_text, m->reason,   m->branch,
                            m->sent_by,     m->call_id,  m->from_tag, m->to_tag};
  for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
    HOLDS(spans[i].len == 0 || spans[i].at + spans[i].len <= m->body_at);
  }
  HOLDS(m->body_at + m->body_len <= m->len || m->error);
  HOLDS(m->error_at <= m->len);
  uint32_t line = 0;
  for (size_t i = 0; i < m->header_count; i++) {
    const sip_header *h = &m->headers[i];
    HOLDS(h->name_at >= line && h->name_len > 0);
    HOLDS(h->value_at > h->name_at && h->value_at + h->value_len <= m->body_at);
    line = h->value_at + h->value_len;
  }
}

static void walk_values(const sip_message *m) {
  for (int id = 1; id < SIP_HEADER_COUNT; id++) {
    sip_value_cursor cursor = {0};
    sip_value parsed;
    sip_str value;
    size_t count = 0;
    while (sip_message_next_value(m, (sip_header_id)id, &cursor, &value)) {
      HOLDS(++count <= m->len);
      sip_value_parse((sip_header_id)id, value, &parsed);
    }
  }
}

/* Accepted: what a sender may rely on. */
static void check_sound(const sip_message *m) {
  HOLDS(sip_message_answerable(m));
  HOLDS((m->sound & SIP_SOUND_ALL) == SIP_SOUND_ALL);
  sip_uri uri;
  sip_via via;
  HOLDS(!sip_message_is_request(m) || sip_message_request_uri(m, &uri) == 0);
  HOLDS(sip_message_via(m, &via) == 0);
  size_t header;
  sip_value_check_message(m, &header);
}

static void check_copy(const sip_message *m, sip_message *again) {
  size_t size = sip_message_copy_size(m);
  char *block = malloc(size);
  HOLDS(block);
  const sip_message *copy = sip_message_copy(m, block);
  HOLDS(copy->size == size && copy->len == m->len);
  HOLDS(memcmp(copy->headers, m->headers, m->header_count * sizeof *m->headers) == 0);
  sip_str bytes = exact_copy(sip_str_make(copy->bytes, copy->len));
  HOLDS(sip_message_parse(again, bytes, &sip_limits_default) == 0);
  HOLDS(again->len == m->len && again->header_count == m->header_count);
  HOLDS(memcmp(again->headers, m->headers, m->header_count * sizeof *m->headers) == 0);
  free_copy(bytes);
  free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  sip_alloc alloc;
  sip_alloc_init(&alloc, NULL, NULL);
  sip_message *m = sip_message_new(&alloc, &sip_limits_default);
  sip_message *again = sip_message_new(&alloc, &sip_limits_default);
  sip_str text = exact_copy(sip_str_make((const char *)data, size)), reason;
  int error = sip_message_parse(m, text, &sip_limits_default);
  HOLDS(error == m->error);
  check_spans(m);
  walk_values(m);
  if (error) {
    HOLDS(error > SIP_E_FIRST && error < SIP_E_END);
    int status = sip_message_error_status(m, &reason);
    HOLDS(status == 0 || (status >= 400 && status < 600 && reason.len > 0));
  } else {
    check_sound(m);
    check_copy(m, again);
  }
  sip_message_free(&alloc, m);
  sip_message_free(&alloc, again);
  free_copy(text);
  HOLDS(alloc.live_bytes == 0);
  return 0;
}
