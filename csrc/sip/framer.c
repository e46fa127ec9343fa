/* SPDX-License-Identifier: MIT
 *
 * Finds the empty line, then reads the section's lines once for Content-Length.
 */
#include "sip/framer.h"

#include "base/error.h"
#include "sip/section.h"

static sip_frame frame(sip_framer *framer, sip_frame_kind kind, size_t len, int error) {
  if (kind != SIP_FRAME_MORE) *framer = (sip_framer){.after_crlf = kind == SIP_FRAME_PONG};
  return (sip_frame){kind, len, error};
}

static bool ends_line(sip_str bytes, size_t lf) {
  return lf == 0 || bytes.ptr[lf - 1] == '\n' ||
         (bytes.ptr[lf - 1] == '\r' && (lf == 1 || bytes.ptr[lf - 2] == '\n'));
}

/* The length of the section with its empty line, 0 when that has not come. A
 * bare LF counts as a line end, as it does in line.c. */
static size_t find_section(sip_framer *framer, sip_str bytes) {
  const char *end = bytes.ptr + bytes.len;
  const char *at = bytes.ptr + framer->scanned;
  while (at < end) {
    const char *lf = memchr(at, '\n', (size_t)(end - at));
    if (!lf) break;
    if (ends_line(bytes, (size_t)(lf - bytes.ptr))) return (size_t)(lf + 1 - bytes.ptr);
    at = lf + 1;
  }
  framer->scanned = bytes.len;
  return 0;
}

typedef struct framing {
  uint64_t content_length;
  int error;
  bool has_content_length;
} framing;

static void take_content_length(framing *s, sip_str value, const sip_limits *limits) {
  sip_scan scan = sip_scan_over(value);
  bool fits = sip_scan_number(&scan, limits->message_size, &s->content_length);
  bool digits = value.len > 0 && sip_scan_done(&scan);
  if (s->has_content_length) {
    s->error = SIP_E_DUPLICATE;
  } else if (!digits) {
    s->error = SIP_E_CONTENT_LENGTH;
  } else if (!fits) {
    s->error = SIP_E_TOO_LARGE;
  }
  s->has_content_length = true;
}

/* What may be wrong inside one field is left to the parser; what makes the end of
 * a field or of the body uncertain is an error here. */
static framing read_section(sip_str bytes, const sip_limits *limits) {
  framing s = {0};
  sip_section section;
  sip_line line;
  sip_section_init(&section, bytes);
  sip_section_start_line(&section);
  sip_line_kind kind;
  do {
    kind = sip_section_next(&section, &line);
    if (!s.error && kind == SIP_LINE_HEADER && line.id == SIP_HEADER_CONTENT_LENGTH) {
      take_content_length(&s, line.value, limits);
    }
  } while (kind == SIP_LINE_HEADER || kind == SIP_LINE_NO_HEADER);
  if (section.error) s.error = section.error;
  /* 18.3: over a stream there is no other way to tell where the body ends. */
  if (!s.error && !s.has_content_length) s.error = SIP_E_CONTENT_LENGTH;
  return s;
}

static sip_frame crlf(sip_framer *framer) {
  return frame(framer, framer->after_crlf ? SIP_FRAME_PING : SIP_FRAME_PONG, 2, 0);
}

sip_frame sip_framer_next(sip_framer *framer, sip_str bytes, const sip_limits *limits) {
  if (bytes.len == 0) return frame(framer, SIP_FRAME_MORE, 0, 0);
  if (bytes.ptr[0] == '\r') {
    if (bytes.len == 1) return frame(framer, SIP_FRAME_MORE, 0, 0);
    if (bytes.ptr[1] == '\n') return crlf(framer);
  }
  if (framer->whole == 0) {
    sip_str front = sip_str_make(
        bytes.ptr, bytes.len < limits->message_size ? bytes.len : limits->message_size);
    size_t len = find_section(framer, front);
    if (len == 0 && bytes.len <= limits->message_size) return frame(framer, SIP_FRAME_MORE, 0, 0);
    if (len == 0) return frame(framer, SIP_FRAME_ERROR, front.len, SIP_E_TOO_LARGE);
    framing s = read_section(sip_str_make(bytes.ptr, len), limits);
    if (!s.error && len + s.content_length > limits->message_size) s.error = SIP_E_TOO_LARGE;
    if (s.error) return frame(framer, SIP_FRAME_ERROR, len, s.error);
    framer->whole = len + (size_t)s.content_length;
  }
  if (bytes.len < framer->whole) return frame(framer, SIP_FRAME_MORE, 0, 0);
  return frame(framer, SIP_FRAME_MESSAGE, framer->whole, 0);
}
