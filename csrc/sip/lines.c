/* SPDX-License-Identifier: MIT
 *
 * Lines of ours: Contact, capabilities, product, and the end of a message.
 */
#include "sip/lines.h"

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
  sip_buffer_add_char(out, '>');
}

bool sip_lines_have(sip_str lines, sip_header_id id) {
  while (lines.len > 0) {
    size_t end = sip_str_index(lines, '\n');
    sip_str line = sip_str_make(lines.ptr, end);
    size_t colon = sip_str_index(line, ':');
    if (sip_header_find(sip_str_trim(sip_str_make(line.ptr, colon))) == id) return true;
    size_t skip = end < lines.len ? end + 1 : end;
    lines = sip_str_make(lines.ptr + skip, lines.len - skip);
  }
  return false;
}

void sip_lines_add_product(sip_engine *engine, sip_buffer *out, sip_header_id id, sip_str lines) {
  if (engine->user_agent.len == 0 || sip_lines_have(lines, id)) return;
  add_line(out, id, sip_buffer_str(&engine->user_agent));
}

void sip_lines_add_capabilities(sip_engine *engine, sip_buffer *out, sip_str lines) {
  if (engine->allow.len > 0 && !sip_lines_have(lines, SIP_HEADER_ALLOW)) {
    add_line(out, SIP_HEADER_ALLOW, sip_buffer_str(&engine->allow));
  }
  if (engine->supported.len > 0 && !sip_lines_have(lines, SIP_HEADER_SUPPORTED)) {
    add_line(out, SIP_HEADER_SUPPORTED, sip_buffer_str(&engine->supported));
  }
}

void sip_lines_add_body(sip_buffer *out, sip_str content_type, sip_str body) {
  if (body.len > 0 && content_type.len > 0) {
    add_line(out, SIP_HEADER_CONTENT_TYPE, content_type);
  }
  SIP_BUFFER_ADD(out, "Content-Length: ");
  sip_buffer_add_number(out, body.len);
  SIP_BUFFER_ADD(out, "\r\n\r\n");
  sip_buffer_add(out, body);
}
