/* SPDX-License-Identifier: MIT
 *
 * An edit of a message: a byte that chooses it, two texts that end in NUL, and the
 * message. What comes out is smaller than the parts, has no line end that a text
 * brought in, and keeps the lines that were not named.
 */
#include "sip/edit.h"

#include "base/error.h"
#include "fuzz.h"

static sip_str take(sip_str *rest) {
  size_t len = sip_str_index(*rest, '\0');
  sip_str text = sip_str_make(rest->ptr, len);
  size_t behind = len + (len < rest->len);
  *rest = sip_str_make(rest->ptr + behind, rest->len - behind);
  return text;
}

static int apply(uint8_t which, const sip_message *m, const sip_str texts[2], sip_buffer *out) {
  sip_str a = texts[0], b = texts[1];
  switch (which % 10) {
  case 0:
    return sip_edit_request_uri(m, a, out);
  case 1:
    return sip_edit_method(m, a, out);
  case 2:
    return sip_edit_status(m, 100 + which * 5 % 700, a, out);
  case 3:
    return sip_edit_header(m, a, &b, 1, out);
  case 4:
    return sip_edit_header(m, a, texts, 2, out);
  case 5:
    return sip_edit_header(m, a, NULL, 0, out);
  case 6:
    return sip_edit_add_header(m, a, b, which & 16, out);
  case 7:
    return sip_edit_header_at(m, which / 10, a, out);
  case 8:
    return sip_edit_body(m, (sip_str){0}, a, out);
  default:
    return sip_edit_body(m, a, b, out);
  }
}

static size_t count_lines(sip_str text) {
  size_t count = 0;
  for (size_t i = 0; i < text.len; i++) count += text.ptr[i] == '\n';
  return count;
}

static void check_edited(uint8_t which, const sip_message *m, sip_message *again, sip_str text) {
  if (which % 10 <= 7) { /* the body is as it was */
    HOLDS(text.len >= m->body_len);
    HOLDS(memcmp(text.ptr + text.len - m->body_len, m->bytes + m->body_at, m->body_len) == 0);
    sip_str before = sip_str_make(m->bytes, m->len);
    HOLDS(count_lines(text) <= count_lines(before) + 2);
  }
  sip_message_parse(again, text, &sip_limits_default);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  sip_str rest = sip_str_make((const char *)data + 1, size - 1), texts[2];
  texts[0] = exact_copy(take(&rest));
  texts[1] = exact_copy(take(&rest));
  sip_str bytes = exact_copy(rest);
  sip_alloc alloc;
  sip_alloc_init(&alloc, NULL, NULL);
  sip_message *m = sip_message_new(&alloc, &sip_limits_default);
  sip_message *again = sip_message_new(&alloc, &sip_limits_default);
  sip_message_parse(m, bytes, &sip_limits_default);
  written out;
  written_init(&out);
  int error = apply(data[0], m, texts, &out.buffer);
  HOLDS(error || m->error == 0);
  if (!error) {
    sip_str text = exact_copy(written_str(&out));
    check_edited(data[0], m, again, text);
    free_copy(text);
  }
  written_deinit(&out);
  sip_message_free(&alloc, m);
  sip_message_free(&alloc, again);
  free_copy(bytes);
  free_copy(texts[0]);
  free_copy(texts[1]);
  HOLDS(alloc.live_bytes == 0);
  return 0;
}
