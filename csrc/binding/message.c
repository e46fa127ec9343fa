/* SPDX-License-Identifier: MIT
 *
 * core.message, and the messages that events bring: fields by name, values parsed
 * when they are asked for, edits that leave every other byte as it was.
 */
#include "binding/message.h"

#include "base/error.h"
#include "binding/uri.h"
#include "binding/value.h"
#include "sip/status.h"
#include "sip/value.h"

const char bind_message_class[] = "moonsip.message";

/* User values: the block of an edited message, the engine that received it. */
enum { VALUES = BIND_MESSAGE_ENGINE, LINE_MIN = 4 /* "a:" CRLF */ };

enum {
  METHOD = 1,
  CODE,
  REASON,
  URI,
  FROM,
  TO,
  CONTACT,
  CONTACTS,
  VIA,
  VIAS,
  CALL_ID,
  CSEQ,
  CSEQ_METHOD,
  MAX_FORWARDS,
  EXPIRES,
  CONTENT_TYPE,
  BODY,
  HEADERS,
  TEXT,
  BRANCH,
  TRANSPORT,
  SOURCE_IP,
  SOURCE_PORT,
  LOCAL_IP,
  LOCAL_PORT,
  FLOW
};

static const bind_field fields[] = {{"method", METHOD},
                                    {"code", CODE},
                                    {"reason", REASON},
                                    {"uri", URI},
                                    {"from", FROM},
                                    {"to", TO},
                                    {"contact", CONTACT},
                                    {"contacts", CONTACTS},
                                    {"via", VIA},
                                    {"vias", VIAS},
                                    {"call_id", CALL_ID},
                                    {"cseq", CSEQ},
                                    {"cseq_method", CSEQ_METHOD},
                                    {"max_forwards", MAX_FORWARDS},
                                    {"expires", EXPIRES},
                                    {"content_type", CONTENT_TYPE},
                                    {"body", BODY},
                                    {"headers", HEADERS},
                                    {"text", TEXT},
                                    {"branch", BRANCH},
                                    {"transport", TRANSPORT},
                                    {"source_ip", SOURCE_IP},
                                    {"source_port", SOURCE_PORT},
                                    {"local_ip", LOCAL_IP},
                                    {"local_port", LOCAL_PORT},
                                    {"flow", FLOW},
                                    {NULL, 0}};

bind_message *bind_message_at(lua_State *L, int index) {
  return bind_class_check(L, index, bind_message_class);
}

/* The object with `size` bytes behind it for its first block. */
static bind_message *new_object(lua_State *L, size_t size, void **block) {
  bind_message *object = lua_newuserdatauv(L, sizeof *object + size, VALUES);
  *object = (bind_message){0};
  *block = object + 1;
  return object;
}

void bind_push_message(lua_State *L, const sip_message *message, const sip_flow *flow) {
  void *block;
  bind_message *object = new_object(L, sip_message_copy_size(message), &block);
  object->message = sip_message_copy(message, block);
  object->has_flow = flow != NULL;
  if (flow) object->flow = *flow;
  bind_class_set(L, bind_message_class);
}

const sip_message *bind_check_message(lua_State *L, int index, sip_flow *flow) {
  const bind_message *object = bind_message_at(L, index);
  if (flow) *flow = object->flow;
  return object->message;
}

const sip_message *bind_check_changed_message(lua_State *L, int index) {
  const bind_message *object = bind_message_at(L, index);
  const void *first = object + 1; /* an edit makes another block */
  return (const void *)object->message == first ? NULL : object->message;
}

/* --- Reading ------------------------------------------------------------------ */

static void push_span(lua_State *L, const sip_message *m, sip_span span) {
  if (span.len > 0) {
    bind_push_str(L, sip_message_span(m, span));
  } else {
    lua_pushnil(L);
  }
}

static void push_method(lua_State *L, const sip_message *m) {
  push_span(L, m, sip_message_is_request(m) ? m->method_text : (sip_span){0});
}

static void push_status(lua_State *L, const sip_message *m, int id) {
  if (sip_message_is_request(m)) {
    lua_pushnil(L);
  } else if (id == CODE) {
    lua_pushinteger(L, m->status);
  } else {
    bind_push_str(L, sip_message_span(m, m->reason));
  }
}

static void push_request_uri(lua_State *L, const sip_message *m) {
  if (!sip_message_is_request(m) || bind_push_uri(L, sip_message_span(m, m->uri_text), 1)) {
    lua_pushnil(L);
  }
}

/* From or To; what is set on it is set in the message. */
static void push_address(lua_State *L, const sip_message *m, uint16_t at, sip_header_id id) {
  if (at == SIP_NO_HEADER || bind_push_address(L, sip_message_value(m, &m->headers[at]), 1, id)) {
    lua_pushnil(L);
  }
}

/* Malformed ones are left out: headers has them. */
static void push_addresses(lua_State *L, const sip_message *m, sip_header_id id, bool all) {
  sip_value_cursor cursor = {0};
  sip_str value;
  lua_Integer count = 0;
  if (all) lua_newtable(L);
  while (sip_message_next_value(m, id, &cursor, &value)) {
    if (bind_push_address(L, value, 0, SIP_HEADER_UNKNOWN)) continue;
    if (!all) return;
    lua_seti(L, -2, ++count);
  }
  if (!all) lua_pushnil(L);
}

static void push_vias(lua_State *L, const sip_message *m, bool all) {
  sip_value_cursor cursor = {0};
  sip_str value;
  sip_via via;
  lua_Integer count = 0;
  if (all) lua_newtable(L);
  while (sip_message_next_value(m, SIP_HEADER_VIA, &cursor, &value)) {
    if (sip_via_parse(value, &via)) continue;
    bind_push_via(L, &via);
    if (!all) return;
    lua_seti(L, -2, ++count);
  }
  if (!all) lua_pushnil(L);
}

static void push_typed(lua_State *L, const sip_message *m, sip_header_id id) {
  const sip_header *h = sip_message_find(m, id, 0);
  if (!h || bind_push_value(L, id, sip_message_value(m, h))) lua_pushnil(L);
}

static void push_number_or_nil(lua_State *L, lua_Integer number, bool there) {
  if (there) {
    lua_pushinteger(L, number);
  } else {
    lua_pushnil(L);
  }
}

static void push_from_message(lua_State *L, const sip_message *m, int id) {
  switch (id) {
  case METHOD:
    push_method(L, m);
    break;
  case CODE:
  case REASON:
    push_status(L, m, id);
    break;
  case URI:
    push_request_uri(L, m);
    break;
  case FROM:
    push_address(L, m, m->from, SIP_HEADER_FROM);
    break;
  case TO:
    push_address(L, m, m->to, SIP_HEADER_TO);
    break;
  case CONTACT:
  case CONTACTS:
    push_addresses(L, m, SIP_HEADER_CONTACT, id == CONTACTS);
    break;
  case VIA:
  case VIAS:
    push_vias(L, m, id == VIAS);
    break;
  case CALL_ID:
    push_span(L, m, m->call_id);
    break;
  case CSEQ:
    push_number_or_nil(L, m->cseq, m->sound & SIP_SOUND_CSEQ);
    break;
  case CSEQ_METHOD:
    push_span(L, m, m->method_text);
    break;
  case MAX_FORWARDS:
    push_number_or_nil(L, m->max_forwards, m->max_forwards >= 0);
    break;
  case EXPIRES:
    push_typed(L, m, SIP_HEADER_EXPIRES);
    break;
  case CONTENT_TYPE:
    push_typed(L, m, SIP_HEADER_CONTENT_TYPE);
    break;
  case BODY:
    bind_push_str(L, sip_message_body(m));
    break;
  case HEADERS:
    bind_push_headers(L, 1);
    break;
  case BRANCH:
    push_span(L, m, m->branch);
    break;
  case TEXT:
    bind_push_str(L, sip_str_make(m->bytes, m->len));
    break;
  default:
    break;
  }
}

static void push_from_flow(lua_State *L, const bind_message *object, int id) {
  if (!object->has_flow) {
    lua_pushnil(L);
    return;
  }
  const sip_flow *flow = &object->flow;
  switch (id) {
  case TRANSPORT:
    bind_push_str(L, sip_transport_uri_name(flow->transport));
    break;
  case SOURCE_IP:
    bind_push_ip(L, &flow->remote);
    break;
  case SOURCE_PORT:
    lua_pushinteger(L, flow->remote.port);
    break;
  case LOCAL_IP:
    bind_push_ip(L, &flow->local);
    break;
  case LOCAL_PORT:
    lua_pushinteger(L, flow->local.port);
    break;
  default:
    bind_push_flow(L, flow);
  }
}

static int message_index(lua_State *L) {
  const bind_message *object = bind_message_at(L, 1);
  int id = bind_member(L);
  if (id >= TRANSPORT) {
    push_from_flow(L, object, id);
  } else if (id > 0) {
    push_from_message(L, object->message, id);
  }
  return 1;
}

/* --- Setting ---------------------------------------------------------------------- */

/* A header by field: a string or number, or nil to remove it. */
static void set_header(lua_State *L, sip_header_id id, const char *field) {
  sip_str value;
  bind_header_edit edit = {.name = sip_header_name(id)};
  if (!lua_isnil(L, 3)) {
    value = bind_check_value(L, 3, field);
    edit.values = &value;
    edit.count = 1;
  }
  bind_message_edit_header(L, 1, &edit);
}

/* An address object or its text. */
static void set_address(lua_State *L, sip_header_id id, const char *field) {
  if (bind_class_test(L, 3, bind_address_class)) {
    luaL_tolstring(L, 3, NULL);
    lua_replace(L, 3);
  }
  set_header(L, id, field);
}

static void set_status(lua_State *L, int id) {
  const sip_message *m = bind_message_at(L, 1)->message;
  if (id == REASON) {
    bind_message_set_status(L, 1, m->status, bind_check_value(L, 3, "reason"));
    return;
  }
  int is_integer;
  lua_Integer status = lua_tointegerx(L, 3, &is_integer);
  if (!is_integer || status < SIP_STATUS_MIN || status > SIP_STATUS_MAX) {
    bind_bad_value(L, "code", "an integer from 100 to 699 expected");
  }
  bind_message_set_status(L, 1, (int)status, sip_status_reason((int)status));
}

static int message_newindex(lua_State *L) {
  bind_message_at(L, 1);
  int id = bind_writable(L);
  const char *field = lua_tostring(L, 2);
  switch (id) {
  case METHOD:
    bind_message_set_method(L, 1, bind_check_value(L, 3, field));
    break;
  case CODE:
  case REASON:
    set_status(L, id);
    break;
  case URI:
    bind_message_set_uri(L, 1, bind_check_uri_text(L, 3, field));
    break;
  case FROM:
    set_address(L, SIP_HEADER_FROM, field);
    break;
  case TO:
    set_address(L, SIP_HEADER_TO, field);
    break;
  case CONTACT:
    set_address(L, SIP_HEADER_CONTACT, field);
    break;
  case CALL_ID:
    set_header(L, SIP_HEADER_CALL_ID, field);
    break;
  case MAX_FORWARDS:
    set_header(L, SIP_HEADER_MAX_FORWARDS, field);
    break;
  case EXPIRES:
    set_header(L, SIP_HEADER_EXPIRES, field);
    break;
  case CONTENT_TYPE:
    set_header(L, SIP_HEADER_CONTENT_TYPE, field);
    break;
  case BODY:
    bind_message_set_body(L, 1, bind_check_str(L, 3));
    break;
  default:
    return bind_raise(L, "no field '%s' that can be set", field);
  }
  return 0;
}

/* --- The object ----------------------------------------------------------------- */

static int message_tostring(lua_State *L) {
  const sip_message *m = bind_message_at(L, 1)->message;
  bind_push_str(L, sip_str_make(m->bytes, m->len));
  return 1;
}

/* A message of its own: edits of one leave the other alone. */
static int message_copy(lua_State *L) {
  const bind_message *object = bind_message_at(L, 1);
  bind_push_message(L, object->message, object->has_flow ? &object->flow : NULL);
  return 1;
}

/* message:typed(name): see value.h */
static int message_typed(lua_State *L) {
  const sip_message *m = bind_message_at(L, 1)->message;
  return bind_push_values(L, m, bind_check_str(L, 2));
}

/* message:check() -> true | nil, err with `header`, when a field breaks its grammar */
static int message_check(lua_State *L) {
  const sip_message *m = bind_message_at(L, 1)->message;
  size_t header;
  int error = sip_value_check_message(m, &header);
  if (!error) {
    lua_pushboolean(L, true);
    return 1;
  }
  const sip_header *h = &m->headers[header];
  bind_fail_at(L, error, h->value_at);
  bind_push_str(L, sip_message_header_name(m, h));
  lua_setfield(L, -2, "header");
  return 2;
}

/* nil, err with `at` and with the status that such a request is answered with. */
static int fail(lua_State *L, const sip_message *m, size_t skipped) {
  sip_str reason;
  int status = sip_message_error_status(m, &reason);
  bind_fail_at(L, m->error, skipped + m->error_at);
  if (status) {
    lua_pushinteger(L, status);
    lua_setfield(L, -2, "status");
  }
  if (m->error_header != SIP_NO_HEADER) {
    bind_push_str(L, sip_message_header_name(m, &m->headers[m->error_header]));
    lua_setfield(L, -2, "header");
  }
  return 2;
}

static size_t count_lines(sip_str text) {
  size_t count = 0;
  for (size_t at = 0; at < text.len; at++) count += text.ptr[at] == '\n';
  return count;
}

/* core.message(text) -> message | nil, err */
static int new_message(lua_State *L) {
  sip_str text = bind_check_str(L, 1);
  size_t room = count_lines(text);
  if (room > sip_limits_default.header_count) room = sip_limits_default.header_count;
  size_t head = sizeof(sip_message) + room * sizeof(sip_header);
  void *block;
  bind_message *object = new_object(L, head + text.len, &block);
  char *bytes = (char *)block + head;
  memcpy(bytes, text.ptr, text.len);
  sip_message *m = block;
  *m = sip_message_blank;
  m->header_room = (uint16_t)room;
  object->message = m;
  if (sip_message_parse(m, sip_str_make(bytes, text.len), &sip_limits_default)) {
    return fail(L, m, (size_t)(m->bytes - bytes));
  }
  bind_class_set(L, bind_message_class);
  return 1;
}

/* reason(status): the registered phrase, or an empty one. */
static int status_reason(lua_State *L) {
  bind_push_str(L, sip_status_reason((int)luaL_checkinteger(L, 1)));
  return 1;
}

void bind_message_open(lua_State *L) {
  static const luaL_Reg meta[] = {{"__tostring", message_tostring}, {NULL, NULL}};
  static const luaL_Reg methods[] = {{"header_values", bind_header_values},
                                     {"has_token", bind_has_token},
                                     {"typed", message_typed},
                                     {"check", message_check},
                                     {"parts", bind_message_parts},
                                     {"copy", message_copy},
                                     {NULL, NULL}};
  bind_class_new(L, &(bind_class){.name = bind_message_class,
                                  .meta = meta,
                                  .methods = methods,
                                  .fields = fields,
                                  .index = message_index,
                                  .newindex = message_newindex});
  bind_headers_open(L);
  bind_value_open(L);
  bind_multipart_open(L);
  lua_pushcfunction(L, new_message);
  lua_setfield(L, -2, "message");
  lua_pushcfunction(L, status_reason);
  lua_setfield(L, -2, "reason");
}
