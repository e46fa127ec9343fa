/* SPDX-License-Identifier: MIT
 *
 * o= is the second line, and the version its third field.
 */
#include "sdp/revision.h"

#include "base/error.h"

/* A text in three: what is in front of the version, the version, the rest. */
typedef struct parts {
  sip_str head;
  sip_str version;
  sip_str tail;
  sip_str origin; /* value of the o= line */
} parts;

static parts split(sip_str text) {
  sdp_origin origin;
  const char *end = text.ptr + text.len;
  const char *from = text.ptr + sip_str_index(text, '\n') + 1 + 2;
  const char *lf = memchr(from, '\n', (size_t)(end - from));
  sip_str line = sip_str_between(from, lf ? lf : end);
  if (line.len > 0 && line.ptr[line.len - 1] == '\r') line.len--;
  sdp_fields fields = sdp_fields_of(line);
  sdp_origin_parse(&fields, &origin);
  const char *at = origin.session_version.ptr;
  return (parts){.head = sip_str_between(text.ptr, at),
                 .version = origin.session_version,
                 .tail = sip_str_between(at + origin.session_version.len, end),
                 .origin = line};
}

static int write_origin(const parts *old, bool next, sip_buffer *out) {
  uint64_t version;
  if (!sip_str_to_number(old->version, INT64_MAX - 1, &version)) return SIP_E_NUMBER;
  sip_buffer_add(out, sip_str_between(old->origin.ptr, old->version.ptr));
  if (next) {
    sip_buffer_add_number(out, version + 1);
  } else {
    sip_buffer_add(out, old->version);
  }
  sip_buffer_add(out, sip_str_between(old->tail.ptr, old->origin.ptr + old->origin.len));
  return 0;
}

int sdp_revision_write_next(sip_str sent, sip_buffer *out) {
  parts old = split(sent);
  SIP_BUFFER_ADD(out, "o=");
  int error = write_origin(&old, true, out);
  SIP_BUFFER_ADD(out, "\r\n");
  return error;
}

int sdp_revision_settle(const sdp_session *sent, size_t from, sip_buffer *out) {
  if (out->failed) return SIP_E_MEMORY;
  if (!sent) return 0;
  sip_str text = sdp_session_text(sent);
  parts now = split(sip_str_make(out->ptr + from, out->len - from)), old = split(text);
  if (!sip_str_equal(now.head, old.head) || !sip_str_equal(now.tail, old.tail)) return 0;
  out->len = from;
  sip_buffer_add(out, text);
  return out->failed ? SIP_E_MEMORY : 0;
}

/* Equal in everything but the o= line. */
static bool same_but_origin(const parts *a, const parts *b) {
  sip_str x = sip_str_between(a->origin.ptr + a->origin.len, a->tail.ptr + a->tail.len);
  sip_str y = sip_str_between(b->origin.ptr + b->origin.len, b->tail.ptr + b->tail.len);
  return sip_str_equal(x, y);
}

int sdp_revise(sip_str text, sip_str sent, sip_buffer *out) {
  parts now = split(text), old = split(sent);
  sip_buffer_add(out, sip_str_between(now.head.ptr, now.origin.ptr));
  int error = write_origin(&old, !same_but_origin(&now, &old), out);
  sip_buffer_add(out,
                 sip_str_between(now.origin.ptr + now.origin.len, now.tail.ptr + now.tail.len));
  if (error) return error;
  return out->failed ? SIP_E_MEMORY : 0;
}
