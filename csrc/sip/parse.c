/* SPDX-License-Identifier: MIT
 *
 * One pass over the header section (RFC 3261 7.3, 25.1). Each line is bounded,
 * its name looked up, and the fields that every transaction needs are parsed on
 * the way. An error is noted and the pass goes on.
 */
#include "base/error.h"
#include "sip/cseq.h"
#include "sip/dialog_id.h"
#include "sip/message.h"
#include "sip/name_addr.h"
#include "sip/section.h"
#include "sip/start_line.h"

enum { MAX_FORWARDS_MAX = 255, SEEN_WORDS = (SIP_HEADER_COUNT + 63) / 64 };

typedef struct parser {
  sip_message *message;
  const sip_limits *limits;
  sip_section section;
  uint64_t seen[SEEN_WORDS]; /* ids that have come */
  uint64_t content_length;
  bool has_content_length;
} parser;

static void note(parser *p, int error, const char *at, size_t header) {
  sip_message *m = p->message;
  if (m->error) return;
  m->error = (int16_t)error;
  m->error_at = (uint32_t)(at - m->bytes);
  m->error_header = (uint16_t)header;
}

static void note_line(parser *p, size_t header) {
  if (p->section.error) note(p, p->section.error, p->section.error_at, header);
  p->section.error = 0;
}

static sip_span span_of(const parser *p, sip_str text) {
  return (sip_span){(uint32_t)(text.ptr - p->message->bytes), (uint32_t)text.len};
}

/* True the first time. */
static bool first_of(parser *p, sip_header_id id) {
  uint64_t bit = (uint64_t)1 << (id % 64);
  bool first = !(p->seen[id / 64] & bit);
  p->seen[id / 64] |= bit;
  return first;
}

/* --- What a transaction needs ----------------------------------------------- */

static int take_via(parser *p, sip_scan *scan) {
  sip_via via;
  int error = sip_scan_via(scan, &via);
  sip_message *m = p->message;
  if (via.sent_by.len > 0) {
    m->sound |= SIP_SOUND_VIA;
    m->sent_by = span_of(p, via.sent_by);
  }
  if (via.branch.len > 0) m->branch = span_of(p, via.branch);
  return error;
}

static int take_address(parser *p, sip_scan *scan, sip_span *tag) {
  sip_name_addr address;
  int error = sip_scan_name_addr(scan, &address);
  if (error) return error;
  if (!sip_scan_done(scan)) return SIP_E_HEADER; /* a comma */
  if (address.tag.len > 0) *tag = span_of(p, address.tag);
  if (address.uri.params.len == 0) return 0;
  scan->at = address.uri.params.ptr;
  return sip_uri_param_count(&address.uri) > p->limits->uri_params ? SIP_E_LIMIT : 0;
}

static int take_from(parser *p, sip_scan *scan) {
  int error = take_address(p, scan, &p->message->from_tag);
  if (!error) p->message->sound |= SIP_SOUND_FROM;
  return error;
}

static int take_to(parser *p, sip_scan *scan) {
  int error = take_address(p, scan, &p->message->to_tag);
  if (!error) p->message->sound |= SIP_SOUND_TO;
  return error;
}

static int take_call_id(parser *p, sip_scan *scan) {
  sip_str call_id;
  if (!sip_scan_call_id(scan, &call_id) || !sip_scan_done(scan)) return SIP_E_HEADER;
  p->message->call_id = span_of(p, call_id);
  p->message->sound |= SIP_SOUND_CALL_ID;
  return 0;
}

static int take_cseq(parser *p, sip_scan *scan) {
  sip_cseq cseq;
  int error = sip_scan_cseq(scan, &cseq);
  if (error) return error;
  sip_message *m = p->message;
  m->cseq = cseq.number;
  m->sound |= SIP_SOUND_CSEQ;
  if (!sip_message_is_request(m)) {
    m->method = (uint8_t)cseq.method;
    m->method_text = span_of(p, cseq.method_text);
    return 0;
  }
  if (sip_str_equal(cseq.method_text, sip_message_span(m, m->method_text))) return 0;
  scan->at = cseq.method_text.ptr;
  return SIP_E_MISMATCH;
}

static int take_max_forwards(parser *p, sip_scan *scan) {
  const char *from = scan->at;
  uint64_t hops;
  if (sip_scan_number(scan, MAX_FORWARDS_MAX, &hops)) {
    if (!sip_scan_done(scan)) return SIP_E_HEADER;
    p->message->max_forwards = (int16_t)hops;
    return 0;
  }
  if (scan->at == from) return SIP_E_HEADER;
  scan->at = from;
  return SIP_E_NUMBER;
}

static int take_content_length(parser *p, sip_scan *scan) {
  const char *from = scan->at;
  bool fits = sip_scan_number(scan, p->limits->message_size, &p->content_length);
  if (scan->at == from || !sip_scan_done(scan)) return SIP_E_CONTENT_LENGTH;
  p->has_content_length = true;
  if (fits) return 0;
  scan->at = from;
  return SIP_E_TOO_LARGE;
}

static int take_known(parser *p, sip_header_id id, sip_scan *scan) {
  switch (id) {
  case SIP_HEADER_VIA:
    return take_via(p, scan);
  case SIP_HEADER_FROM:
    return take_from(p, scan);
  case SIP_HEADER_TO:
    return take_to(p, scan);
  case SIP_HEADER_CALL_ID:
    return take_call_id(p, scan);
  case SIP_HEADER_CSEQ:
    return take_cseq(p, scan);
  case SIP_HEADER_MAX_FORWARDS:
    return take_max_forwards(p, scan);
  case SIP_HEADER_CONTENT_LENGTH:
    return take_content_length(p, scan);
  default:
    return 0;
  }
}

static void remember_index(sip_message *m, sip_header_id id, uint16_t index) {
  if (id == SIP_HEADER_VIA) m->top_via = index;
  if (id == SIP_HEADER_FROM) m->from = index;
  if (id == SIP_HEADER_TO) m->to = index;
}

/* --- Lines --------------------------------------------------------------------- */

static void take_header(parser *p, const sip_line *line) {
  sip_message *m = p->message;
  size_t index = m->header_count;
  if (index == m->header_room || index == p->limits->header_count) {
    note(p, SIP_E_TOO_MANY, line->name.ptr, SIP_NO_HEADER);
    return;
  }
  if (line->len > p->limits->header_size) note(p, SIP_E_TOO_LARGE, line->name.ptr, index);
  if (line->name.len > UINT16_MAX) return;
  sip_header_id id = line->id;
  m->headers[index] = (sip_header){.name_at = (uint32_t)(line->name.ptr - m->bytes),
                                   .value_at = (uint32_t)(line->value.ptr - m->bytes),
                                   .value_len = (uint32_t)line->value.len,
                                   .name_len = (uint16_t)line->name.len,
                                   .id = (uint16_t)id};
  m->header_count++;
  note_line(p, index);
  if (id == SIP_HEADER_UNKNOWN) return;
  if (!first_of(p, id)) {
    bool one = sip_header_kind_of(id) == SIP_HEADER_ONE;
    if (one) note(p, SIP_E_DUPLICATE, line->name.ptr, index);
    return;
  }
  remember_index(m, id, (uint16_t)index);
  sip_scan scan = sip_scan_over(line->value);
  int error = take_known(p, id, &scan);
  if (error) note(p, error, scan.at, index);
}

static void take_headers(parser *p) {
  sip_line line;
  for (;;) {
    sip_line_kind kind = sip_section_next(&p->section, &line);
    if (kind == SIP_LINE_HEADER) {
      take_header(p, &line);
      continue;
    }
    note_line(p, SIP_NO_HEADER);
    if (kind != SIP_LINE_NO_HEADER) return;
  }
}

static void take_start_line(parser *p) {
  sip_str line = sip_section_start_line(&p->section);
  note_line(p, SIP_NO_HEADER);
  const char *error_at;
  int error = sip_start_line_parse(p->message, line, p->limits, &error_at);
  if (error) note(p, error, error_at, SIP_NO_HEADER);
}

/* --- The end --------------------------------------------------------------------- */

static void take_body(parser *p) {
  sip_message *m = p->message;
  uint32_t left = m->len - m->body_at;
  m->body_len = left;
  if (!p->has_content_length) return; /* 18.3: to the end of the datagram */
  if (p->content_length <= left) {
    m->body_len = (uint32_t)p->content_length;
    m->len = m->body_at + m->body_len;
    return;
  }
  uint64_t whole = m->body_at + p->content_length;
  const sip_header *h = sip_message_find(m, SIP_HEADER_CONTENT_LENGTH, 0);
  bool too_large = whole > p->limits->message_size;
  note(p, too_large ? SIP_E_TOO_LARGE : SIP_E_CONTENT_LENGTH, m->bytes + h->value_at,
       (size_t)(h - m->headers));
}

static void check_mandatory(parser *p) {
  static const sip_header_id mandatory[] = {SIP_HEADER_VIA, SIP_HEADER_FROM, SIP_HEADER_TO,
                                            SIP_HEADER_CALL_ID, SIP_HEADER_CSEQ};
  const sip_message *m = p->message;
  for (size_t i = 0; i < sizeof mandatory / sizeof *mandatory; i++) {
    sip_header_id id = mandatory[i];
    bool seen = p->seen[id / 64] >> (id % 64) & 1;
    if (!seen) note(p, SIP_E_MISSING, m->bytes + m->body_at, SIP_NO_HEADER);
  }
}

static sip_str skip_leading_crlf(sip_str bytes) {
  while (bytes.len >= 2 && bytes.ptr[0] == '\r' && bytes.ptr[1] == '\n') {
    bytes.ptr += 2;
    bytes.len -= 2;
  }
  return bytes;
}

int sip_message_parse(sip_message *message, sip_str bytes, const sip_limits *limits) {
  bytes = skip_leading_crlf(bytes);
  bool too_large = bytes.len > limits->message_size;
  if (too_large) bytes.len = limits->message_size;
  uint16_t room = message->header_room;
  *message = (sip_message){.bytes = bytes.ptr,
                           .len = (uint32_t)bytes.len,
                           .error_header = SIP_NO_HEADER,
                           .max_forwards = -1,
                           .top_via = SIP_NO_HEADER,
                           .from = SIP_NO_HEADER,
                           .to = SIP_NO_HEADER,
                           .header_room = room};
  parser p = {.message = message, .limits = limits};
  sip_section_init(&p.section, bytes);
  take_start_line(&p);
  take_headers(&p);
  message->body_at = (uint32_t)(p.section.at - bytes.ptr);
  check_mandatory(&p);
  take_body(&p);
  if (too_large) note(&p, SIP_E_TOO_LARGE, bytes.ptr + bytes.len, SIP_NO_HEADER);
  return message->error;
}
