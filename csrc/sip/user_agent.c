/* SPDX-License-Identifier: MIT
 *
 * What a user agent answers by itself (RFC 3261 8.2, 11.2): requests nobody
 * handles, and the checks before one is accepted.
 */
#include "sip/user_agent.h"

#include "base/error.h"
#include "sip/dialog.h"
#include "sip/event_package.h"
#include "sip/server.h"
#include "sip/session_terms.h"

enum { BAD_EVENT = 489 };

static void add_line(sip_buffer *out, sip_header_id id, sip_str value) {
  sip_buffer_add(out, sip_header_name(id));
  SIP_BUFFER_ADD(out, ": ");
  sip_buffer_add(out, value);
  SIP_BUFFER_ADD(out, "\r\n");
}

static bool list_has(sip_str list, sip_str token) {
  while (list.len > 0) {
    size_t end = sip_str_index(list, ',');
    if (sip_str_equal_nocase(sip_str_trim(sip_str_make(list.ptr, end)), token)) return true;
    size_t skip = end < list.len ? end + 1 : end;
    list = sip_str_make(list.ptr + skip, list.len - skip);
  }
  return false;
}

/* What is to be checked, and what is supported beside what the engine says of itself. */
typedef struct checked {
  const sip_message *request;
  sip_str also;
} checked;

/* Required extensions that we do not support, as an Unsupported line (8.2.2.3). */
static bool add_unsupported(sip_engine *engine, const checked *c, sip_buffer *lines) {
  sip_value_cursor cursor = {0};
  sip_str token;
  bool any = false;
  while (sip_message_next_value(c->request, SIP_HEADER_REQUIRE, &cursor, &token)) {
    if (list_has(sip_buffer_str(&engine->supported), token) || list_has(c->also, token)) continue;
    sip_buffer_add(lines, any ? SIP_STR(", ") : SIP_STR("Unsupported: "));
    sip_buffer_add(lines, token);
    any = true;
  }
  if (any) SIP_BUFFER_ADD(lines, "\r\n");
  return any;
}

static bool is_known_scheme(const sip_message *request) {
  sip_uri uri;
  return sip_message_request_uri(request, &uri) == 0 && uri.scheme != SIP_SCHEME_OTHER;
}

/* Only an INVITE replaces or joins a dialog, and one (RFC 3891 3, RFC 3911 4); who does not know
 * the extension, which has the header's name, ignores it. */
static bool misplaces(const sip_engine *engine, const sip_message *request, sip_header_id id) {
  const sip_header *first = sip_message_find(request, id, 0);
  if (!first || !list_has(sip_buffer_str(&engine->supported), sip_header_name(id))) return false;
  size_t next = (size_t)(first - request->headers) + 1;
  return request->method != SIP_METHOD_INVITE || sip_message_find(request, id, next);
}

/* Contact is mandatory where a dialog may come of it (8.1.1.8). */
static bool lacks_contact(const sip_message *request) {
  bool makes_dialog = request->method == SIP_METHOD_INVITE ||
                      request->method == SIP_METHOD_SUBSCRIBE ||
                      request->method == SIP_METHOD_REFER;
  return makes_dialog && request->to_tag.len == 0 && sip_dialog_target_of(request).len == 0;
}

/* Extensions that we insist on and an INVITE does not support, as a Require line (21.4.15). */
static bool add_required(const sip_engine *engine, const sip_message *request, sip_buffer *lines) {
  if (engine->required.len == 0 || request->method != SIP_METHOD_INVITE) return false;
  if (request->to_tag.len > 0) return false; /* what holds for the call was settled */
  sip_str list = sip_buffer_str(&engine->required);
  while (list.len > 0) {
    size_t end = sip_str_index(list, ',');
    sip_str tag = sip_str_trim(sip_str_make(list.ptr, end));
    if (!sip_message_has_token(request, SIP_HEADER_SUPPORTED, tag) &&
        !sip_message_has_token(request, SIP_HEADER_REQUIRE, tag)) {
      add_line(lines, SIP_HEADER_REQUIRE, sip_buffer_str(&engine->required));
      return true;
    }
    size_t skip = end < list.len ? end + 1 : end;
    list = sip_str_make(list.ptr + skip, list.len - skip);
  }
  return false;
}

/* RFC 4028 9. */
static bool add_min_se(const sip_engine *engine, const sip_message *request, sip_buffer *lines) {
  bool has_session = request->method == SIP_METHOD_INVITE || request->method == SIP_METHOD_UPDATE;
  if (!has_session || !sip_session_is_too_short(engine, request)) return false;
  sip_session_add_min(engine, lines);
  return true;
}

static int check(sip_engine *engine, const checked *c, sip_buffer *lines) {
  if (!is_known_scheme(c->request)) return 416; /* 8.2.2.1 */
  if (c->request->method == SIP_METHOD_CANCEL) return 0;
  if (lacks_contact(c->request)) return 400;
  if (misplaces(engine, c->request, SIP_HEADER_REPLACES) ||
      misplaces(engine, c->request, SIP_HEADER_JOIN)) {
    return 400;
  }
  if (add_unsupported(engine, c, lines)) return 420;
  if (add_required(engine, c->request, lines)) return 421;
  return add_min_se(engine, c->request, lines) ? 422 : 0;
}

int sip_engine_check(sip_engine *engine, sip_id transaction, sip_str also, sip_buffer *headers) {
  const sip_transaction *t = sip_slots_find(&engine->transactions, transaction);
  if (!t || sip_transaction_is_client(t) || !t->server.request) return 0;
  if (t->flags & SIP_TRANSACTION_MERGED) return 482; /* 8.2.2.2 */
  checked c = {.request = t->server.request->message, .also = also};
  return check(engine, &c, headers);
}

static void answer_options(sip_engine *engine, const sip_message *request, const sip_flow *flow) {
  sip_buffer *lines = &engine->lines;
  if (engine->allow.len) add_line(lines, SIP_HEADER_ALLOW, sip_buffer_str(&engine->allow));
  if (engine->accept.len) add_line(lines, SIP_HEADER_ACCEPT, sip_buffer_str(&engine->accept));
  if (engine->supported.len) {
    add_line(lines, SIP_HEADER_SUPPORTED, sip_buffer_str(&engine->supported));
  }
  sip_server_reject(engine, request, flow, 200, (sip_str){0}, sip_buffer_str(lines));
}

/* An event that we do not tell of, or one that a REFER alone asks for (RFC 3515 2.4.4). */
static int refused_event(const sip_message *request) {
  const sip_header *event = sip_message_find(request, SIP_HEADER_EVENT, 0);
  sip_event_package package;
  bool is_refer = event &&
                  sip_event_package_parse(sip_message_value(request, event), &package) == 0 &&
                  sip_str_equal(package.type, SIP_STR("refer"));
  return is_refer ? 403 : BAD_EVENT;
}

static void refuse_method(sip_engine *engine, const sip_message *request, const sip_flow *flow) {
  int status = 405;
  if (request->method == SIP_METHOD_EXTENSION) status = 501;
  if (request->method == SIP_METHOD_BYE) status = 481;    /* 15.1.2 */
  if (request->method == SIP_METHOD_NOTIFY) status = 481; /* RFC 6665 4.1.3 */
  if (request->method == SIP_METHOD_SUBSCRIBE) status = refused_event(request);
  if (request->method == SIP_METHOD_REFER) status = 603;
  sip_buffer *lines = &engine->lines;
  if (status == 405 || status == 501) {
    add_line(lines, SIP_HEADER_ALLOW, sip_buffer_str(&engine->allow));
  }
  sip_server_reject(engine, request, flow, status, (sip_str){0}, sip_buffer_str(lines));
}

void sip_user_agent_answer(sip_engine *engine, const sip_message *request, const sip_flow *flow) {
  sip_buffer *lines = &engine->lines;
  sip_buffer_clear(lines);
  if (request->method != SIP_METHOD_OPTIONS) {
    refuse_method(engine, request, flow);
    return;
  }
  int status = check(engine, &(checked){.request = request}, lines);
  if (status) {
    sip_server_reject(engine, request, flow, status, (sip_str){0}, sip_buffer_str(lines));
  } else {
    answer_options(engine, request, flow);
  }
}
