/* SPDX-License-Identifier: MIT
 *
 * Lines of ours: Contact, capabilities, product, and the end of a message.
 */
#include "sip/lines.h"

#include "base/error.h"

static void add_line(sip_buffer *out, sip_header_id id, sip_str value) {
  sip_buffer_add(out, sip_header_name(id));
  SIP_BUFFER_ADD(out, ": ");
  sip_buffer_add(out, value);
  SIP_BUFFER_ADD(out, "\r\n");
}

void sip_lines_add_own_uri(sip_engine *engine, sip_buffer *out, const sip_own_uri *own) {
  const sip_listener_entry *listener = sip_engine_listener(engine, own->listener);
  sip_buffer_add(out, own->secure ? SIP_STR("<sips:") : SIP_STR("<sip:"));
  if (own->user.len) {
    sip_buffer_add(out, own->user);
    sip_buffer_add_char(out, '@');
  }
  sip_engine_write_own_host(engine, own->listener, &own->local, out);
  if (listener && listener->transport != SIP_TRANSPORT_UDP) {
    SIP_BUFFER_ADD(out, ";transport=");
    sip_buffer_add(out, sip_transport_uri_name(listener->transport));
  }
}

static bool is_reserved(sip_header_id id) {
  return id == SIP_HEADER_VIA || id == SIP_HEADER_FROM || id == SIP_HEADER_TO ||
         id == SIP_HEADER_CALL_ID || id == SIP_HEADER_CSEQ || id == SIP_HEADER_CONTENT_LENGTH;
}

int sip_lines_scan(sip_str text, sip_lines *out) {
  *out = (sip_lines){.text = text};
  while (text.len > 0) {
    size_t end = sip_str_index(text, '\n');
    sip_str line = sip_str_make(text.ptr, end);
    sip_header_id id = sip_header_find(sip_str_make(line.ptr, sip_str_index(line, ':')));
    if (is_reserved(id)) return SIP_E_RESERVED;
    out->present[id / 64] |= (uint64_t)1 << (id % 64);
    size_t skip = end < text.len ? end + 1 : end;
    text = sip_str_make(text.ptr + skip, text.len - skip);
  }
  return 0;
}

void sip_lines_add_product(sip_engine *engine, sip_buffer *out, sip_header_id id,
                           const sip_lines *lines) {
  if (engine->user_agent.len == 0 || sip_lines_have(lines, id)) return;
  add_line(out, id, sip_buffer_str(&engine->user_agent));
}

/* RFC 4028 7.1 wants it in every request but ACK. */
void sip_lines_add_supported(sip_engine *engine, sip_buffer *out, const sip_lines *lines) {
  if (engine->supported.len == 0 || sip_lines_have(lines, SIP_HEADER_SUPPORTED)) return;
  add_line(out, SIP_HEADER_SUPPORTED, sip_buffer_str(&engine->supported));
}

void sip_lines_add_capabilities(sip_engine *engine, sip_buffer *out, const sip_lines *lines) {
  if (engine->allow.len > 0 && !sip_lines_have(lines, SIP_HEADER_ALLOW)) {
    add_line(out, SIP_HEADER_ALLOW, sip_buffer_str(&engine->allow));
  }
  sip_lines_add_supported(engine, out, lines);
}

void sip_lines_add_tail(sip_buffer *out, const sip_tail *tail) {
  sip_buffer_add(out, tail->lines->text);
  bool typed = tail->body.len > 0 && tail->content_type.len > 0;
  if (typed && !sip_lines_have(tail->lines, SIP_HEADER_CONTENT_TYPE)) {
    add_line(out, SIP_HEADER_CONTENT_TYPE, tail->content_type);
  }
  SIP_BUFFER_ADD(out, "Content-Length: ");
  sip_buffer_add_number(out, tail->body.len);
  SIP_BUFFER_ADD(out, "\r\n\r\n");
  sip_buffer_add(out, tail->body);
}
