/* SPDX-License-Identifier: MIT
 *
 * A stream: framed as it is, and framed in two parts and byte by byte, it gives the
 * same frames; and each message ends where the parser says that it does. The first
 * two bytes say where to split.
 */
#include "sip/framer.h"

#include "base/error.h"
#include "fuzz.h"

enum { FRAMES_MAX = 512 };

typedef struct frames {
  sip_frame list[FRAMES_MAX];
  size_t count;
} frames;

/* Frames all of `text` as it comes in steps; *from is what was consumed before. */
static bool feed(sip_framer *framer, sip_str text, size_t *from, frames *out) {
  while (out->count < FRAMES_MAX) {
    sip_str rest = exact_copy(sip_str_make(text.ptr + *from, text.len - *from));
    sip_frame frame = sip_framer_next(framer, rest, &sip_limits_default);
    free_copy(rest);
    if (frame.kind == SIP_FRAME_MORE) return true;
    HOLDS(frame.len > 0 && frame.len <= text.len - *from);
    HOLDS((frame.error != 0) == (frame.kind == SIP_FRAME_ERROR));
    out->list[out->count++] = frame;
    *from += frame.len;
    if (frame.kind == SIP_FRAME_ERROR) return false;
  }
  return false;
}

static void frame_in_steps(sip_str text, size_t first, size_t step, frames *out) {
  sip_framer framer;
  size_t from = 0;
  out->count = 0;
  sip_framer_init(&framer);
  for (size_t len = first; len < text.len; len += step) {
    if (!feed(&framer, sip_str_make(text.ptr, len), &from, out)) return;
  }
  feed(&framer, text, &from, out);
}

static void check_same(const frames *a, const frames *b) {
  HOLDS(a->count == b->count);
  for (size_t i = 0; i < a->count; i++) {
    HOLDS(a->list[i].kind == b->list[i].kind && a->list[i].len == b->list[i].len);
    HOLDS(a->list[i].error == b->list[i].error);
  }
}

static void check_with_parser(sip_str text, const frames *all, sip_message *m) {
  size_t at = 0;
  for (size_t i = 0; i < all->count; i++) {
    const sip_frame *frame = &all->list[i];
    sip_str bytes = exact_copy(sip_str_make(text.ptr + at, frame->len));
    at += frame->len;
    int error = sip_message_parse(m, bytes, &sip_limits_default);
    if (frame->kind == SIP_FRAME_MESSAGE) {
      HOLDS(error || m->len == frame->len);
      HOLDS(error != SIP_E_LINE_END && error != SIP_E_TRUNCATED && error != SIP_E_CONTENT_LENGTH);
    }
    free_copy(bytes);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static frames whole, split; /* too large for a stack frame under sanitizers */
  if (size < 2) return 0;
  sip_str text = sip_str_make((const char *)data + 2, size - 2);
  size_t at = (size_t)(data[0] << 8 | data[1]) % (text.len + 1);
  frame_in_steps(text, text.len, 1, &whole);
  frame_in_steps(text, at, text.len + 1, &split);
  check_same(&whole, &split);
  if (text.len <= 2048) {
    frame_in_steps(text, 1, 1, &split);
    check_same(&whole, &split);
  }
  sip_alloc alloc;
  sip_alloc_init(&alloc, NULL, NULL);
  sip_message *m = sip_message_new(&alloc, &sip_limits_default);
  check_with_parser(text, &whole, m);
  sip_message_free(&alloc, m);
  return 0;
}
