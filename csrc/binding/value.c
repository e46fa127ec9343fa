/* SPDX-License-Identifier: MIT
 *
 * From parsed headers to Lua tables. Keys are lower case; `params` is a table by
 * lower-case name, true where there is no value.
 */
#include "binding/value.h"

#include "base/error.h"
#include "binding/uri.h"
#include "sip/media_type.h"
#include "sip/seconds.h"

static void push_lower(lua_State *L, sip_str text) {
  sip_buffer lower = bind_buffer(L, text.len);
  for (size_t i = 0; i < text.len; i++) {
    sip_buffer_add_char(&lower, sip_char_lower(text.ptr[i]));
  }
  bind_push_str(L, sip_buffer_str(&lower));
  lua_remove(L, -2);
}

static void set_text(lua_State *L, const char *key, sip_str text) {
  if (text.len == 0) return;
  bind_push_unquoted(L, text);
  lua_setfield(L, -2, key);
}

static void set_number(lua_State *L, const char *key, lua_Integer number) {
  lua_pushinteger(L, number);
  lua_setfield(L, -2, key);
}

static void set_params(lua_State *L, sip_str params) {
  lua_newtable(L);
  sip_param param;
  while (sip_param_next(&params, &param) == 1) {
    push_lower(L, param.name);
    if (param.has_value) {
      bind_push_unquoted(L, param.value);
    } else {
      lua_pushboolean(L, true);
    }
    lua_settable(L, -3);
  }
  lua_setfield(L, -2, "params");
}

void bind_push_via(lua_State *L, const sip_via *via) {
  lua_createtable(L, 0, 10);
  set_text(L, "transport", via->transport_text);
  set_text(L, "sent_by", via->sent_by);
  set_text(L, "host", via->host);
  if (via->port) set_number(L, "port", via->port);
  set_text(L, "branch", via->branch);
  set_text(L, "received", via->received);
  set_text(L, "maddr", via->maddr);
  if (via->has_rport && via->rport) set_number(L, "rport", via->rport);
  set_params(L, via->params);
  bind_push_unfolded(L, via->text);
  lua_setfield(L, -2, "text");
}

static int push_content_type(lua_State *L, sip_str value) {
  sip_media_type media;
  int error = sip_media_type_parse(value, &media);
  if (error) return error;
  lua_createtable(L, 0, 4);
  push_lower(L, media.type);
  lua_setfield(L, -2, "type");
  push_lower(L, media.subtype);
  lua_setfield(L, -2, "subtype");
  lua_getfield(L, -1, "type");
  lua_pushliteral(L, "/");
  lua_getfield(L, -3, "subtype");
  lua_concat(L, 3);
  lua_setfield(L, -2, "value");
  set_params(L, media.params);
  return 0;
}

static int push_seconds(lua_State *L, sip_str value) {
  uint32_t seconds;
  int error = sip_seconds_parse(value, &seconds);
  if (!error) lua_pushinteger(L, seconds);
  return error;
}

static int push_via_value(lua_State *L, sip_str value) {
  sip_via via;
  int error = sip_via_parse(value, &via);
  if (!error) bind_push_via(L, &via);
  return error;
}

int bind_push_value(lua_State *L, sip_header_id id, sip_str value) {
  switch (id) {
  case SIP_HEADER_VIA:
    return push_via_value(L, value);
  case SIP_HEADER_CONTENT_TYPE:
    return push_content_type(L, value);
  case SIP_HEADER_EXPIRES:
  case SIP_HEADER_MIN_EXPIRES:
    return push_seconds(L, value);
  default:
    bind_push_unfolded(L, value);
    return 0;
  }
}

int bind_push_values(lua_State *L, const sip_message *message, sip_str name) {
  sip_header_id id = sip_header_find(name);
  const sip_header *h = sip_message_find_name(message, name, 0);
  if (!h) {
    lua_pushnil(L);
    return 1;
  }
  if (id == SIP_HEADER_UNKNOWN || sip_header_kind_of(id) == SIP_HEADER_ONE) {
    int error = bind_push_value(L, id, sip_message_value(message, h));
    return error ? bind_fail(L, error, NULL) : 1;
  }
  lua_newtable(L);
  lua_Integer count = 0;
  sip_value_cursor cursor = {0};
  sip_str value;
  while (sip_message_next_value(message, id, &cursor, &value)) {
    int error = bind_push_value(L, id, value);
    if (error) return bind_fail(L, error, NULL);
    lua_seti(L, -2, ++count);
  }
  return 1;
}
