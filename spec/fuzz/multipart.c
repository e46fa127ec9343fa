/* SPDX-License-Identifier: MIT
 *
 * A Content-Type, a newline, a body: its parts lie in it, and the same parts with
 * another boundary are read as they were.
 */
#include "sip/multipart.h"

#include "fuzz.h"

enum { PARTS_MAX = 64 };

/* Walks the parts, and those inside the first that has some. */
static size_t walk(sip_str type, sip_str body, sip_part *parts) {
  size_t count = 0;
  for (uint16_t depth = 0;; depth++) {
    sip_multipart cursor;
    sip_part part;
    sip_str inner_type = {0}, inner_body = {0}, value;
    if (sip_multipart_init(&cursor, type, body, depth, &sip_limits_default))
      return depth ? count : 0;
    int more;
    while ((more = sip_multipart_next(&cursor, &part)) == 1) {
      holds_inside(part.headers, body);
      holds_inside(part.body, body);
      if (depth == 0) parts[count++] = part;
      if (inner_type.len || !sip_part_header(&part, SIP_HEADER_CONTENT_TYPE, &value)) continue;
      inner_type = value;
      inner_body = part.body;
    }
    HOLDS(more <= 0);
    if (depth == 0 && more < 0) return 0;
    if (inner_type.len == 0) return count;
    type = inner_type;
    body = inner_body;
  }
}

static void check_rewritten(const sip_part *parts, size_t count) {
  written out;
  sip_multipart cursor;
  sip_part part;
  written_init(&out);
  if (sip_multipart_write(parts, count, SIP_STR("another"), &out.buffer) == 0) {
    HOLDS(sip_multipart_init(&cursor, SIP_STR("multipart/x;boundary=another"), written_str(&out), 0,
                             &sip_limits_default) == 0);
    for (size_t i = 0; i < count; i++) {
      HOLDS(sip_multipart_next(&cursor, &part) == 1);
      HOLDS(sip_str_equal(part.body, parts[i].body));
    }
    HOLDS(sip_multipart_next(&cursor, &part) == 0);
  }
  written_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  sip_part parts[PARTS_MAX];
  sip_str whole = sip_str_make((const char *)data, size);
  size_t newline = sip_str_index(whole, '\n'), behind = newline + (newline < size);
  sip_str type = exact_copy(sip_str_make(whole.ptr, newline));
  sip_str body = exact_copy(sip_str_make(whole.ptr + behind, size - behind));
  size_t count = walk(type, body, parts);
  HOLDS(count <= PARTS_MAX);
  if (count > 0) check_rewritten(parts, count);
  free_copy(type);
  free_copy(body);
  return 0;
}
