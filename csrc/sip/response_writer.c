/* SPDX-License-Identifier: MIT
 *
 * A response is the request's Via, From, To, Call-ID and CSeq as they came,
 * with received and rport filled in (18.2.1, RFC 3581 4), and what the reply adds.
 */
#include "sip/response_writer.h"

#include "sip/name_addr.h"
#include "sip/status.h"

static void add_value_line(sip_buffer *out, const sip_message *request, const sip_header *header) {
  sip_buffer_add(out, sip_message_header_name(request, header));
  SIP_BUFFER_ADD(out, ": ");
  sip_buffer_add(out, sip_message_value(request, header));
  SIP_BUFFER_ADD(out, "\r\n");
}

/* Every line of a header, from index `from` on. */
static void add_lines(sip_buffer *out, const sip_message *request, sip_header_id id, size_t from) {
  const sip_header *header = sip_message_find(request, id, from);
  while (header) {
    add_value_line(out, request, header);
    header = sip_message_find(request, id, (size_t)(header - request->headers) + 1);
  }
}

/* keep_s: what a keep-alive that is offered is answered with, or 0 (RFC 6223 4.3). */
static void add_vias(sip_buffer *out, const sip_message *request, const sip_flow *flow,
                     uint32_t keep_s) {
  sip_via via;
  const sip_header *top = &request->headers[request->top_via];
  if (sip_message_via(request, &via) != 0) {
    add_lines(out, request, SIP_HEADER_VIA, 0);
    return;
  }
  SIP_BUFFER_ADD(out, "Via: ");
  sip_via_write_received(&via, &flow->remote, keep_s, out);
  sip_str value = sip_message_value(request, top);
  sip_buffer_add(out, sip_str_between(via.text.ptr + via.text.len, value.ptr + value.len));
  SIP_BUFFER_ADD(out, "\r\n");
  add_lines(out, request, SIP_HEADER_VIA, (size_t)request->top_via + 1);
}

static void add_to(sip_buffer *out, const sip_message *request, sip_str tag) {
  if (request->to == SIP_NO_HEADER) return; /* as From */
  SIP_BUFFER_ADD(out, "To: ");
  sip_buffer_add(out, sip_message_value(request, &request->headers[request->to]));
  if (request->to_tag.len == 0 && tag.len > 0) {
    SIP_BUFFER_ADD(out, ";tag=");
    sip_buffer_add(out, tag);
  }
  SIP_BUFFER_ADD(out, "\r\n");
}

/* "<sip:user@host:port;transport=tcp>" of the address that the request reached,
 * with the user it asked for (12.1.1: sips when the request was). */
static void add_contact(sip_engine *engine, sip_buffer *out, const sip_message *request,
                        const sip_flow *flow) {
  sip_uri uri;
  bool parsed = sip_message_request_uri(request, &uri) == 0;
  SIP_BUFFER_ADD(out, "Contact: ");
  sip_lines_add_own_uri(
      engine, out,
      &(sip_own_uri){.listener = flow->listener,
                     .local = flow->local,
                     .user = parsed && uri.scheme != SIP_SCHEME_TEL ? uri.user : (sip_str){0},
                     .secure = parsed && uri.scheme == SIP_SCHEME_SIPS});
  SIP_BUFFER_ADD(out, ">\r\n");
}

static void add_status_line(sip_buffer *out, const sip_reply *reply) {
  SIP_BUFFER_ADD(out, "SIP/2.0 ");
  sip_buffer_add_number(out, (uint64_t)reply->status);
  sip_buffer_add_char(out, ' ');
  sip_buffer_add(out, reply->reason.ptr ? reply->reason : sip_status_reason(reply->status));
  SIP_BUFFER_ADD(out, "\r\n");
}

sip_packet *sip_response_write(sip_engine *engine, const sip_response_parts *parts) {
  const sip_message *request = parts->request;
  const sip_reply *reply = parts->reply;
  sip_buffer *out = &engine->scratch;
  sip_buffer_clear(out);
  add_status_line(out, reply);
  bool takes_offers = reply->status / 100 == 2 && request->to_tag.len == 0;
  add_vias(out, request, parts->flow, takes_offers ? engine->config.keep_s : 0);
  if (parts->record_route) add_lines(out, request, SIP_HEADER_RECORD_ROUTE, 0);
  /* None in a request that gets a 400 for that. */
  bool has_from = request->from != SIP_NO_HEADER;
  if (has_from) add_value_line(out, request, &request->headers[request->from]);
  add_to(out, request, parts->to_tag);
  add_lines(out, request, SIP_HEADER_CALL_ID, 0);
  add_lines(out, request, SIP_HEADER_CSEQ, 0);
  if (reply->status == 100) add_lines(out, request, SIP_HEADER_TIMESTAMP, 0); /* 8.2.6.1 */
  if (parts->contact && !sip_lines_have(parts->lines, SIP_HEADER_CONTACT)) {
    if (parts->own_contact.len) {
      SIP_BUFFER_ADD(out, "Contact: <");
      sip_buffer_add(out, parts->own_contact);
      SIP_BUFFER_ADD(out, ">\r\n");
    } else {
      add_contact(engine, out, request, parts->flow);
    }
  }
  if (parts->capabilities) sip_lines_add_capabilities(engine, out, parts->lines);
  if (parts->rseq) {
    SIP_BUFFER_ADD(out, "Require: 100rel\r\nRSeq: ");
    sip_buffer_add_number(out, parts->rseq);
    SIP_BUFFER_ADD(out, "\r\n");
  }
  sip_session_add_response(out, &parts->session);
  sip_lines_add_product(engine, out, SIP_HEADER_SERVER, parts->lines);
  sip_lines_add_tail(
      out,
      &(sip_tail){.lines = parts->lines, .content_type = reply->content_type, .body = reply->body});
  if (out->failed) return NULL;
  return sip_packet_copy(&engine->alloc, sip_buffer_str(out));
}

/* A maddr that is an address. */
static bool read_maddr(const sip_message *request, uint16_t port, sip_sockaddr *out) {
  sip_via via;
  return sip_message_via(request, &via) == 0 && sip_sockaddr_parse(via.maddr, port, out);
}

void sip_response_route(const sip_message *request, const sip_flow *received, sip_flow *out,
                        sip_sockaddr *fallback) {
  *out = *received;
  *fallback = (sip_sockaddr){0};
  uint8_t marks = request->via_marks;
  if (!(marks & SIP_VIA_SOUND)) return;
  uint16_t port = request->via_port;
  if (!port) port = sip_transport_default_port(received->transport);
  if (sip_transport_is_reliable(received->transport)) {
    *fallback = received->remote;
    fallback->port = port;
    return;
  }
  sip_sockaddr literal;
  if ((marks & SIP_VIA_MADDR) && read_maddr(request, port, &literal)) {
    out->remote = literal;
  } else if (!(marks & SIP_VIA_RPORT)) {
    out->remote.port = port;
  }
}
