/* SPDX-License-Identifier: MIT
 *
 * The draft: request line, then what does not depend on an address. Routing by
 * a strict first route follows 12.2.1.1, with or without a dialog.
 */
#include "sip/request_writer.h"

#include "base/chars.h"
#include "base/error.h"
#include "sip/lines.h"
#include "sip/name_addr.h"
#include "sip/session_terms.h"

enum { MAX_FORWARDS = 70 }; /* 8.1.1.6 */

/* What a request is written from once dialog and wish are put together. */
typedef struct plan {
  sip_str method;
  sip_str uri;    /* the remote target */
  sip_str routes; /* Route values; may be empty */
  sip_str from, to, call_id, from_tag, to_tag;
  sip_str contact_params, contact_uri_params;
  uint32_t cseq;
} plan;

/* callid: word [ "@" word ] (25.1). */
static bool is_call_id(sip_str text) {
  size_t at = sip_str_index(text, '@');
  for (size_t i = 0; i < text.len; i++) {
    if (i != at && !sip_char_is(text.ptr[i], SIP_CHAR_WORD)) return false;
  }
  return at != 0 && at + 1 != text.len;
}

static int check_request(const sip_request *r, bool in_dialog) {
  const sip_str values[] = {r->uri,          r->from,           r->to,
                            r->call_id,      r->from_tag,       r->routes,
                            r->contact,      r->contact_params, r->contact_uri_params,
                            r->content_type, r->method};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    if (sip_str_has_line_break(values[i])) return SIP_E_INJECTION;
  }
  if (!sip_str_is(r->method, SIP_CHAR_TOKEN)) return SIP_E_INVALID;
  if (r->from_tag.len && !sip_str_is(r->from_tag, SIP_CHAR_TOKEN)) return SIP_E_INVALID;
  if (r->call_id.len && !is_call_id(r->call_id)) return SIP_E_INVALID;
  if (r->cseq > INT32_MAX) return SIP_E_NUMBER; /* 8.1.1.5 */
  sip_uri uri;
  if (!in_dialog && sip_uri_parse(r->uri, &uri, NULL) != 0) return SIP_E_URI;
  if (r->contact.len && sip_uri_parse(r->contact, &uri, NULL) != 0) return SIP_E_URI;
  sip_name_addr address;
  bool has_from = !in_dialog || r->from.len > 0;
  if (has_from && sip_name_addr_parse(r->from, &address) != 0) return SIP_E_HEADER;
  if (r->to.len && sip_name_addr_parse(r->to, &address) != 0) return SIP_E_HEADER;
  return 0;
}

/* A From or To: in brackets, so that no parameter changes its owner (20). Where
 * the URI's user part came to stand is the result. */
static sip_span add_address(sip_buffer *out, sip_header_id id, sip_str value, sip_str tag) {
  sip_name_addr address = {0};
  bool bare = sip_name_addr_parse(value, &address) == 0 && !address.bracketed;
  sip_buffer_add(out, sip_header_name(id));
  SIP_BUFFER_ADD(out, ": ");
  if (bare) sip_buffer_add_char(out, '<');
  size_t at = out->len;
  sip_buffer_add(out, value);
  if (bare) sip_buffer_add_char(out, '>');
  if (tag.len) {
    SIP_BUFFER_ADD(out, ";tag=");
    sip_buffer_add(out, tag);
  }
  SIP_BUFFER_ADD(out, "\r\n");
  bool ours = address.uri.scheme == SIP_SCHEME_SIP || address.uri.scheme == SIP_SCHEME_SIPS;
  if (!ours || address.uri.user.len == 0) return (sip_span){0};
  size_t user = at + (size_t)(address.uri.user.ptr - value.ptr);
  return (sip_span){(uint32_t)user, (uint32_t)address.uri.user.len};
}

/* The first value of a Route list and what follows its comma. */
static bool first_route(sip_str routes, sip_name_addr *first, sip_str *rest) {
  bool quoted = false, bracket = false;
  size_t end = 0;
  for (; end < routes.len; end++) {
    char c = routes.ptr[end];
    if (quoted && c == '\\')
      end++;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && c == '<')
      bracket = true;
    else if (!quoted && c == '>')
      bracket = false;
    else if (!quoted && !bracket && c == ',')
      break;
  }
  if (end > routes.len) end = routes.len;
  if (sip_name_addr_parse(sip_str_trim(sip_str_make(routes.ptr, end)), first) != 0) return false;
  *rest = end < routes.len ? sip_str_trim(sip_str_make(routes.ptr + end + 1, routes.len - end - 1))
                           : (sip_str){0};
  return true;
}

static void add_request_line(sip_buffer *out, const plan *p, sip_str uri) {
  sip_buffer_add(out, p->method);
  sip_buffer_add_char(out, ' ');
  sip_uri parsed;
  if (sip_uri_parse(uri, &parsed, NULL) == 0) {
    sip_uri_write_request(&parsed, out);
  } else {
    sip_buffer_add(out, uri);
  }
  SIP_BUFFER_ADD(out, " SIP/2.0\r\n");
}

static void add_route(sip_buffer *out, sip_str routes, sip_str target) {
  if (routes.len == 0 && target.len == 0) return;
  SIP_BUFFER_ADD(out, "Route: ");
  sip_buffer_add(out, routes);
  if (target.len) { /* the remote target goes last towards a strict router */
    if (routes.len) SIP_BUFFER_ADD(out, ", ");
    sip_buffer_add_char(out, '<');
    sip_buffer_add(out, target);
    sip_buffer_add_char(out, '>');
  }
  SIP_BUFFER_ADD(out, "\r\n");
}

/* Where the head goes in. A Contact of ours, its last line, ends with what depends on no
 * address. */
static void add_head_place(sip_buffer *out, const plan *p, sip_draft *draft) {
  draft->head_at = (uint32_t)out->len;
  if (!draft->contact) return;
  sip_buffer_add(out, p->contact_uri_params);
  sip_buffer_add_char(out, '>');
  sip_buffer_add(out, p->contact_params);
  SIP_BUFFER_ADD(out, "\r\n");
}

/* Request line and Route; the next hop as offset and length in *hop. */
static int add_routing(sip_buffer *out, const plan *p, sip_draft *draft, sip_span *hop) {
  sip_name_addr first;
  sip_str rest, ignored;
  if (p->routes.len == 0) {
    hop->at = (uint32_t)p->method.len + 1;
    add_request_line(out, p, p->uri);
    hop->len = (uint32_t)(out->len - hop->at - (sizeof " SIP/2.0\r\n" - 1));
    add_head_place(out, p, draft);
    return 0;
  }
  if (!first_route(p->routes, &first, &rest)) return SIP_E_HEADER;
  bool loose = sip_uri_param(&first.uri, SIP_STR("lr"), &ignored);
  add_request_line(out, p, loose ? p->uri : first.uri.text);
  add_head_place(out, p, draft);
  size_t at = out->len + sizeof "Route: " - 1;
  add_route(out, loose ? p->routes : rest, loose ? (sip_str){0} : p->uri);
  if (loose) {
    hop->at = (uint32_t)(at + (size_t)(first.uri.text.ptr - p->routes.ptr));
    hop->len = (uint32_t)first.uri.text.len;
  } else {
    hop->at = (uint32_t)p->method.len + 1;
    hop->len = draft->head_at - hop->at - (uint32_t)(sizeof " SIP/2.0\r\n" - 1);
  }
  return 0;
}

static plan make_plan(const sip_request *r, const sip_dialog *dialog) {
  plan p = {.method = r->method,
            .uri = r->uri,
            .routes = r->routes,
            .from = r->from,
            .to = r->to,
            .call_id = r->call_id,
            .from_tag = r->from_tag,
            .contact_params = r->contact_params,
            .contact_uri_params = r->contact_uri_params,
            .cseq = r->cseq ? r->cseq : 1};
  if (!dialog) return p;
  if (r->uri.len == 0) p.uri = sip_packet_str(dialog->target);
  if (r->routes.len == 0 && dialog->routes) p.routes = sip_packet_str(dialog->routes);
  if (r->from.len == 0) p.from = dialog->local_uri;
  p.to = dialog->remote_uri;
  p.call_id = dialog->call_id;
  p.from_tag = dialog->local_tag;
  p.to_tag = dialog->remote_tag;
  p.cseq = r->cseq ? r->cseq : dialog->local_cseq + 1;
  return p;
}

static sip_span add_identity(sip_engine *engine, sip_buffer *out, const plan *p) {
  sip_buffer *token = &engine->lines;
  sip_buffer_clear(token);
  sip_engine_add_token(engine, token);
  sip_str tag = p->from_tag.len ? p->from_tag : sip_buffer_str(token);
  sip_span user = add_address(out, SIP_HEADER_FROM, p->from, tag);
  if (p->to.len) {
    add_address(out, SIP_HEADER_TO, p->to, p->to_tag);
  } else {
    SIP_BUFFER_ADD(out, "To: <");
    sip_buffer_add(out, p->uri);
    SIP_BUFFER_ADD(out, ">\r\n");
  }
  SIP_BUFFER_ADD(out, "Call-ID: ");
  sip_buffer_clear(token);
  sip_engine_add_token(engine, token);
  sip_buffer_add(out, p->call_id.len ? p->call_id : sip_buffer_str(token));
  SIP_BUFFER_ADD(out, "\r\nCSeq: ");
  sip_buffer_add_number(out, p->cseq);
  sip_buffer_add_char(out, ' ');
  sip_buffer_add(out, p->method);
  SIP_BUFFER_ADD(out, "\r\n");
  return user;
}

/* One of ours. */
static bool needs_contact(const sip_request *r, sip_method method) {
  if (r->contact.len) return false;
  return sip_method_refreshes_target(method) ||
         (method == SIP_METHOD_REGISTER && r->contact_params.len);
}

int sip_request_draft(sip_engine *engine, const sip_request *r, const sip_dialog *dialog,
                      sip_draft *draft) {
  int error = check_request(r, dialog != NULL);
  if (error) return error;
  sip_lines lines;
  error = sip_lines_scan(r->headers, &lines);
  if (error) return error;
  plan p = make_plan(r, dialog);
  sip_buffer *out = &engine->scratch;
  sip_buffer_clear(out);
  sip_span hop;
  *draft = (sip_draft){.method = sip_method_parse(r->method), .cseq = p.cseq};
  draft->contact = needs_contact(r, draft->method) && !sip_lines_have(&lines, SIP_HEADER_CONTACT);
  error = add_routing(out, &p, draft, &hop);
  if (error) return error;
  if (!sip_lines_have(&lines, SIP_HEADER_MAX_FORWARDS)) {
    SIP_BUFFER_ADD(out, "Max-Forwards: ");
    sip_buffer_add_number(out, MAX_FORWARDS);
    SIP_BUFFER_ADD(out, "\r\n");
  }
  draft->user = add_identity(engine, out, &p);
  if (draft->user.len) draft->user.at -= draft->head_at;
  if (r->contact.len) {
    SIP_BUFFER_ADD(out, "Contact: <");
    sip_buffer_add(out, r->contact);
    sip_buffer_add_char(out, '>');
    sip_buffer_add(out, r->contact_params);
    SIP_BUFFER_ADD(out, "\r\n");
  }
  bool is_offer = draft->method == SIP_METHOD_INVITE || draft->method == SIP_METHOD_UPDATE;
  if (is_offer) {
    sip_lines_add_capabilities(engine, out, &lines);
    bool is_own = sip_lines_have(&lines, SIP_HEADER_SESSION_EXPIRES);
    if (!is_own) sip_session_add_request(engine, out, &r->session, dialog);
  } else if (draft->method != SIP_METHOD_ACK) {
    sip_lines_add_supported(engine, out, &lines);
  }
  sip_lines_add_product(engine, out, SIP_HEADER_USER_AGENT, &lines);
  sip_lines_add_tail(
      out, &(sip_tail){.lines = &lines, .content_type = r->content_type, .body = r->body});
  if (out->failed) return SIP_E_MEMORY;
  if (out->len > engine->config.limits.message_size) return SIP_E_TOO_LARGE;
  draft->packet = sip_packet_copy(&engine->alloc, sip_buffer_str(out));
  if (!draft->packet) return SIP_E_MEMORY;
  draft->next_hop = sip_str_make(draft->packet->bytes + hop.at, hop.len);
  draft->secure = sip_str_starts_nocase(p.uri, SIP_STR("sips:")) ||
                  sip_str_starts_nocase(draft->next_hop, SIP_STR("sips:"));
  return 0;
}

static void add_head(sip_engine *engine, sip_buffer *out, const sip_packet *packet,
                     const sip_head *head) {
  SIP_BUFFER_ADD(out, "Via: SIP/2.0/");
  sip_buffer_add(out, sip_transport_name(head->flow->transport));
  sip_buffer_add_char(out, ' ');
  sip_engine_write_own_host(engine, head->flow->listener, &head->flow->local, out);
  SIP_BUFFER_ADD(out, ";branch=");
  sip_buffer_add(out, head->branch);
  SIP_BUFFER_ADD(out, ";rport"); /* RFC 3581 3 */
  if (head->keep) SIP_BUFFER_ADD(out, ";keep");
  SIP_BUFFER_ADD(out, "\r\n");
  if (!head->contact) return;
  const char *rest = packet->bytes + head->at + *head->len;
  SIP_BUFFER_ADD(out, "Contact: ");
  sip_lines_add_own_uri(engine, out,
                        &(sip_own_uri){.listener = head->flow->listener,
                                       .local = head->flow->local,
                                       .user = {rest + head->user.at, head->user.len},
                                       .secure = head->secure});
}

sip_packet *sip_request_with_head(sip_engine *engine, const sip_packet *packet,
                                  const sip_head *head) {
  sip_buffer *out = &engine->scratch;
  sip_buffer_clear(out);
  sip_buffer_add(out, sip_str_make(packet->bytes, head->at));
  add_head(engine, out, packet, head);
  size_t rest = head->at + *head->len;
  size_t len = out->len - head->at;
  sip_buffer_add(out, sip_str_make(packet->bytes + rest, packet->len - rest));
  if (out->failed) return NULL;
  sip_packet *made = sip_packet_copy(&engine->alloc, sip_buffer_str(out));
  if (made) *head->len = (uint32_t)len;
  return made;
}

sip_packet *sip_request_hop_by_hop(sip_engine *engine, const sip_packet *invite, sip_method method,
                                   sip_str to, sip_str headers) {
  sip_message *m = engine->own;
  if (sip_message_parse(m, sip_packet_str(invite), &engine->config.limits) != 0) return NULL;
  sip_buffer *out = &engine->scratch;
  sip_buffer_clear(out);
  sip_buffer_add(out, sip_method_name(method));
  sip_buffer_add_char(out, ' ');
  sip_buffer_add(out, sip_message_span(m, m->uri_text));
  SIP_BUFFER_ADD(out, " SIP/2.0\r\n");
  for (size_t i = 0; i < m->header_count; i++) {
    const sip_header *header = &m->headers[i];
    bool same = i == m->top_via || header->id == SIP_HEADER_ROUTE ||
                header->id == SIP_HEADER_FROM || header->id == SIP_HEADER_CALL_ID ||
                header->id == SIP_HEADER_MAX_FORWARDS;
    if (!same) continue;
    sip_buffer_add(out, sip_message_header_name(m, header));
    SIP_BUFFER_ADD(out, ": ");
    sip_buffer_add(out, sip_message_value(m, header));
    SIP_BUFFER_ADD(out, "\r\n");
  }
  SIP_BUFFER_ADD(out, "To: ");
  sip_buffer_add(out, to.len ? to : sip_message_value(m, &m->headers[m->to]));
  SIP_BUFFER_ADD(out, "\r\nCSeq: ");
  sip_buffer_add_number(out, m->cseq);
  sip_buffer_add_char(out, ' ');
  sip_buffer_add(out, sip_method_name(method));
  SIP_BUFFER_ADD(out, "\r\n");
  sip_lines_add_tail(out, &(sip_tail){.lines = &(sip_lines){.text = headers}});
  return out->failed ? NULL : sip_packet_copy(&engine->alloc, sip_buffer_str(out));
}
