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

enum { MAX_FORWARDS_MAX = 255, SEEN_WORDS = 2 };
_Static_assert(SIP_HEADER_COUNT <= SEEN_WORDS * 64, "more words of seen ids");

/* Sets of ids, word by word: an id's bit in a word, 0 when it is in another one. */
#define ID_BIT(name, word) \
  (SIP_HEADER_##name / 64 == (word) ? (uint64_t)1 << (SIP_HEADER_##name % 64) : 0)
#define MANDATORY_IDS(word)                                                            \
  (ID_BIT(VIA, word) | ID_BIT(FROM, word) | ID_BIT(TO, word) | ID_BIT(CALL_ID, word) | \
   ID_BIT(CSEQ, word))
#define KNOWN_IDS(word) \
  (MANDATORY_IDS(word) | ID_BIT(MAX_FORWARDS, word) | ID_BIT(CONTENT_LENGTH, word))

typedef struct parser {
  sip_message *message;
  const sip_limits *limits;
  sip_section section;
  size_t room;               /* for headers */
  size_t index;              /* of the header that is being read */
  uint64_t seen[SEEN_WORDS]; /* ids that have come */
  uint64_t content_length;
  bool has_content_length;
  bool too_large; /* only limits->message_size bytes are looked at */
} parser;

static void note(parser *p, int error, const char *at, size_t header) {
  sip_message *m = p->message;
  if (m->error) return;
  m->error = (int16_t)error;
  m->error_at = (uint32_t)(at - m->bytes);
  m->error_header = (uint16_t)header;
}

static void note_line(parser *p, size_t header) {
  int error = p->section.error;
  /* Where the bytes were cut short here, their number is the error. */
  bool cut = error == SIP_E_TRUNCATED && p->too_large;
  if (error && !cut) note(p, error, p->section.error_at, header);
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
  m->top_via = (uint16_t)p->index;
  if (via.sent_by.len > 0) {
    m->sound |= SIP_SOUND_VIA;
    m->sent_by = span_of(p, via.sent_by);
  }
  if (via.branch.len > 0) m->branch = span_of(p, via.branch);
  m->via_end = (uint32_t)(scan->at - m->bytes);
  m->via_port = via.port;
  m->via_marks = (uint8_t)((error ? 0 : SIP_VIA_SOUND) | (via.has_rport ? SIP_VIA_RPORT : 0) |
                           (via.maddr.len > 0 ? SIP_VIA_MADDR : 0));
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
  p->message->from = (uint16_t)p->index;
  int error = take_address(p, scan, &p->message->from_tag);
  if (!error) p->message->sound |= SIP_SOUND_FROM;
  return error;
}

static int take_to(parser *p, sip_scan *scan) {
  p->message->to = (uint16_t)p->index;
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

/* --- Lines --------------------------------------------------------------------- */

/* Headers that the parser itself reads. */
static bool is_known(sip_header_id id) {
  static const uint64_t known[SEEN_WORDS] = {KNOWN_IDS(0), KNOWN_IDS(1)};
  return known[id / 64] >> (id % 64) & 1;
}

static void take_value(parser *p, sip_header_id id, sip_str value) {
  sip_scan scan = {value.ptr, value.ptr + value.len, p->section.end};
  int error = take_known(p, id, &scan);
  if (error) note(p, error, scan.at, p->index);
}

/* What line->value ends behind line->name. */
static size_t field_size(const sip_line *line) {
  return (size_t)(line->value.ptr - line->name.ptr) + line->value.len;
}

static void take_header(parser *p, const sip_line *line) {
  sip_message *m = p->message;
  size_t index = p->index = m->header_count;
  if (index == p->room) {
    note(p, SIP_E_TOO_MANY, line->name.ptr, SIP_NO_HEADER);
    return;
  }
  if (field_size(line) > p->limits->header_size) {
    note(p, SIP_E_TOO_LARGE, line->name.ptr, index);
    if (line->name.len > UINT16_MAX) return;
  }
  sip_header_id id = line->id;
  m->headers[index] = (sip_header){.name_at = (uint32_t)(line->name.ptr - m->bytes),
                                   .value_at = (uint32_t)(line->value.ptr - m->bytes),
                                   .value_len = (uint32_t)line->value.len,
                                   .name_len = (uint16_t)line->name.len,
                                   .id = (uint16_t)id};
  m->header_count++;
  if (id == SIP_HEADER_UNKNOWN) return;
  if (!first_of(p, id)) {
    bool one = sip_header_kind_of(id) == SIP_HEADER_ONE;
    if (one) note(p, SIP_E_DUPLICATE, line->name.ptr, index);
  } else if (is_known(id)) {
    take_value(p, id, line->value);
  }
}

static void take_headers(parser *p) {
  for (;;) {
    sip_line usual, other;
    if (sip_section_next_usual(&p->section, &usual)) {
      take_header(p, &usual);
      continue;
    }
    sip_line_kind kind = sip_section_next_of_any_kind(&p->section, &other);
    bool header = kind == SIP_LINE_HEADER;
    note_line(p, header ? p->message->header_count : SIP_NO_HEADER);
    if (header) take_header(p, &other);
    if (kind == SIP_LINE_EMPTY || kind == SIP_LINE_TRUNCATED) return;
  }
}

static void take_start_line(parser *p) {
  sip_str line = sip_section_start_line(&p->section);
  note_line(p, SIP_NO_HEADER);
  sip_scan scan = {line.ptr, line.ptr + line.len, p->section.end};
  int error = sip_scan_start_line(&scan, p->message, p->limits);
  if (error) note(p, error, scan.at, SIP_NO_HEADER);
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
  static const uint64_t mandatory[SEEN_WORDS] = {MANDATORY_IDS(0), MANDATORY_IDS(1)};
  bool missing = false;
  for (size_t i = 0; i < SEEN_WORDS; i++) missing |= (mandatory[i] & ~p->seen[i]) != 0;
  if (missing) note(p, SIP_E_MISSING, p->message->bytes + p->message->body_at, SIP_NO_HEADER);
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
  *message = sip_message_blank;
  message->header_room = room;
  message->bytes = bytes.ptr;
  message->len = (uint32_t)bytes.len;
  parser p = {.message = message,
              .limits = limits,
              .too_large = too_large,
              .room = room < limits->header_count ? room : limits->header_count};
  sip_section_init(&p.section, bytes);
  take_start_line(&p);
  take_headers(&p);
  message->body_at = (uint32_t)(p.section.at - bytes.ptr);
  if (too_large) note(&p, SIP_E_TOO_LARGE, p.section.end, SIP_NO_HEADER);
  check_mandatory(&p);
  take_body(&p);
  return message->error;
}
