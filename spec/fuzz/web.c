/* SPDX-License-Identifier: MIT
 *
 * What comes over a WebSocket (bug class 41): frames read as they are, in two parts and byte by
 * byte say the same; no message is longer than it may be, and no memory is held for what only
 * was announced. And its handshake, of a client and of a server. The first two bytes say where
 * to split, the third whose side it is.
 */
#include "fuzz.h"
#include "web/reader.h"
#include "web/upgrade.h"
#include "web/utf8.h"

enum { MESSAGE_MAX = 1000, EVENTS_MAX = 256 };

typedef struct events {
  struct {
    web_event_kind kind;
    uint16_t code;
    uint64_t hash;
    size_t len;
  } list[EVENTS_MAX];
  size_t count;
  bool is_over;
} events;

static uint64_t hash_of(sip_str text) {
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < text.len; i++) hash = (hash ^ (unsigned char)text.ptr[i]) * 1099511628211u;
  return hash;
}

static void feed(web_reader *reader, sip_str part, events *out) {
  sip_str copy = exact_copy(part), rest = copy; /* it unmasks in place */
  while (!out->is_over && out->count < EVENTS_MAX) {
    web_event event = web_reader_next(reader, &rest);
    if (event.kind == WEB_EVENT_MORE) {
      HOLDS(rest.len == 0);
      break;
    }
    HOLDS(event.data.len <= MESSAGE_MAX);
    out->list[out->count].kind = event.kind;
    out->list[out->count].code = event.code;
    out->list[out->count].len = event.data.len;
    out->list[out->count++].hash = hash_of(event.data);
    out->is_over = event.kind == WEB_EVENT_BROKEN || event.kind == WEB_EVENT_MEMORY;
  }
  HOLDS(reader->message.len <= MESSAGE_MAX);
  free_copy(copy);
}

static void read_in_steps(sip_str text, size_t first, size_t step, bool is_server, events *out) {
  sip_alloc alloc;
  web_reader reader;
  *out = (events){.count = 0};
  sip_alloc_init(&alloc, NULL, NULL);
  web_reader_init(&reader, &alloc, MESSAGE_MAX, is_server);
  size_t at = 0;
  for (size_t len = first; at < text.len; len = step) {
    if (len > text.len - at) len = text.len - at;
    feed(&reader, sip_str_make(text.ptr + at, len), out);
    at += len;
  }
  web_reader_deinit(&reader);
  HOLDS(alloc.live_bytes == 0);
}

static void check_same(const events *a, const events *b) {
  HOLDS(a->count == b->count);
  HOLDS(memcmp(a->list, b->list, a->count * sizeof *a->list) == 0);
}

static void shake_hands(sip_str text, bool is_server) {
  static const unsigned char key[WEB_KEY_SIZE] = "the sample nonce";
  sip_str head = exact_copy(text);
  size_t len = web_head_len(head);
  HOLDS(len <= head.len);
  const char *why = NULL;
  written answer;
  written_init(&answer);
  if (is_server) {
    static const web_door door = {0};
    int status = web_upgrade_answer(head, &door, &answer.buffer, &why);
    HOLDS(status == WEB_SWITCHING || (status >= 400 && why));
    HOLDS(written_str(&answer).len > 0);
  } else {
    web_upgrade_is_granted(head, key, &why);
  }
  written_deinit(&answer);
  free_copy(head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static events whole, split;
  if (size < 4) return 0;
  sip_str text = sip_str_make((const char *)data + 3, size - 3);
  size_t at = (size_t)(data[0] << 8 | data[1]) % text.len + 1;
  bool is_server = data[2] & 1;
  read_in_steps(text, text.len, text.len, is_server, &whole);
  read_in_steps(text, at, text.len, is_server, &split);
  check_same(&whole, &split);
  read_in_steps(text, 1, 1, is_server, &split);
  check_same(&whole, &split);
  shake_hands(text, is_server);
  return 0;
}
