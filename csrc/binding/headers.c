/* SPDX-License-Identifier: MIT
 *
 * message.headers: header fields by name, without case, long or compact. Reading
 * gives the first line's value; setting replaces every line of that name.
 */
#include "binding/message.h"
#include "sip/values.h"

#define HEADERS_CLASS "moonsip.headers"

enum { MESSAGE_VALUE = 1 };

void bind_push_headers(lua_State *L, int message) {
  message = lua_absindex(L, message);
  lua_newuserdatauv(L, 0, 1);
  luaL_setmetatable(L, HEADERS_CLASS);
  lua_pushvalue(L, message);
  lua_setiuservalue(L, -2, MESSAGE_VALUE);
}

/* The message of the proxy at index 1, which is pushed. */
static const sip_message *message_of(lua_State *L) {
  luaL_checkudata(L, 1, HEADERS_CLASS);
  lua_getiuservalue(L, 1, MESSAGE_VALUE);
  return bind_message_at(L, -1)->message;
}

static int headers_index(lua_State *L) {
  sip_str name = bind_check_str(L, 2);
  const sip_message *m = message_of(L);
  const sip_header *h = sip_message_find_name(m, name, 0);
  if (h) {
    bind_push_unfolded(L, sip_message_value(m, h));
  } else {
    lua_pushnil(L);
  }
  return 1;
}

/* Array of strings at index 3, as slices in memory that is pushed. */
static sip_str *check_values(lua_State *L, const char *name, size_t *count) {
  lua_Integer len = luaL_len(L, 3);
  if (len > UINT16_MAX) bind_bad_value(L, name, "too many values");
  *count = (size_t)len;
  sip_str *values = lua_newuserdatauv(L, (*count + 1) * sizeof *values, 0);
  luaL_checkstack(L, (int)*count, "too many values");
  for (size_t i = 0; i < *count; i++) {
    lua_geti(L, 3, (lua_Integer)i + 1);
    values[i] = bind_check_value(L, -1, name);
  }
  return values;
}

static int headers_newindex(lua_State *L) {
  lua_settop(L, 3);
  bind_header_edit edit = {.name = bind_check_value(L, 2, "name")};
  const char *name = lua_tostring(L, 2);
  message_of(L);
  int message = lua_gettop(L);
  sip_str value;
  if (lua_istable(L, 3)) {
    edit.values = check_values(L, name, &edit.count);
  } else if (!lua_isnil(L, 3)) {
    value = bind_check_value(L, 3, name);
    edit.values = &value;
    edit.count = 1;
  }
  bind_message_edit_header(L, message, &edit);
  return 0;
}

/* Upvalue: index of the next line. */
static int headers_next(lua_State *L) {
  lua_settop(L, 1);
  lua_Integer at = lua_tointeger(L, lua_upvalueindex(1));
  const sip_message *m = message_of(L);
  if (at >= m->header_count) return 0;
  lua_pushinteger(L, at + 1);
  lua_replace(L, lua_upvalueindex(1));
  const sip_header *h = &m->headers[at];
  bind_push_str(L, sip_message_header_name(m, h));
  bind_push_unfolded(L, sip_message_value(m, h));
  return 2;
}

static int headers_pairs(lua_State *L) {
  luaL_checkudata(L, 1, HEADERS_CLASS);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, headers_next, 1);
  lua_pushvalue(L, 1);
  return 2;
}

static int headers_len(lua_State *L) {
  lua_pushinteger(L, message_of(L)->header_count);
  return 1;
}

int bind_header_values(lua_State *L) {
  const sip_message *m = bind_message_at(L, 1)->message;
  sip_str name = bind_check_str(L, 2);
  sip_header_id id = sip_header_find(name);
  lua_newtable(L);
  lua_Integer count = 0;
  if (id == SIP_HEADER_UNKNOWN) {
    const sip_header *h = sip_message_find_name(m, name, 0);
    for (; h; h = sip_message_find_name(m, name, (size_t)(h - m->headers) + 1)) {
      bind_push_unfolded(L, sip_message_value(m, h));
      lua_seti(L, -2, ++count);
    }
    return 1;
  }
  sip_value_cursor cursor = {0};
  sip_str value;
  while (sip_message_next_value(m, id, &cursor, &value)) {
    bind_push_unfolded(L, value);
    lua_seti(L, -2, ++count);
  }
  return 1;
}

int bind_has_token(lua_State *L) {
  const sip_message *m = bind_message_at(L, 1)->message;
  sip_header_id id = sip_header_find(bind_check_str(L, 2));
  sip_str token = bind_check_str(L, 3);
  lua_pushboolean(L, id != SIP_HEADER_UNKNOWN && sip_message_has_token(m, id, token));
  return 1;
}

void bind_headers_open(lua_State *L) {
  static const luaL_Reg meta[] = {{"__index", headers_index},
                                  {"__newindex", headers_newindex},
                                  {"__pairs", headers_pairs},
                                  {"__len", headers_len},
                                  {NULL, NULL}};
  luaL_newmetatable(L, HEADERS_CLASS);
  luaL_setfuncs(L, meta, 0);
  lua_pop(L, 1);
}
