/* SPDX-License-Identifier: MIT
 *
 * One byte says what follows: a number's eight bytes, a string's length and bytes, a
 * table's keys and values up to its end.
 */
#include "binding/copy.h"

#include <lauxlib.h>

enum {
  NIL = 'n',
  TRUE = 't',
  FALSE = 'f',
  INTEGER = 'i',
  FLOAT = 'd',
  STRING = 's',
  TABLE = '{',
  END = '}'
};

static void put(sip_buffer *out, char tag, const void *bytes, size_t len) {
  sip_buffer_add_char(out, tag);
  sip_buffer_add(out, sip_str_make(bytes, len));
}

static void put_number(lua_State *L, int index, sip_buffer *out) {
  if (lua_isinteger(L, index)) {
    lua_Integer value = lua_tointeger(L, index);
    put(out, INTEGER, &value, sizeof value);
  } else {
    lua_Number value = lua_tonumber(L, index);
    put(out, FLOAT, &value, sizeof value);
  }
}

static void put_string(lua_State *L, int index, sip_buffer *out) {
  size_t len;
  const char *text = lua_tolstring(L, index, &len);
  put(out, STRING, &len, sizeof len);
  sip_buffer_add(out, sip_str_make(text, len));
}

static const char *put_value(lua_State *L, int index, sip_buffer *out, int depth);

/* Bounded by BIND_COPY_DEPTH. */
static const char *put_table(lua_State *L, int index, sip_buffer *out, int depth) {
  if (depth == BIND_COPY_DEPTH) return "a table nested more than 100 deep, or in itself";
  if (!lua_checkstack(L, 8)) return "no stack left";
  sip_buffer_add_char(out, TABLE);
  lua_pushnil(L);
  while (lua_next(L, index)) {
    int key = lua_gettop(L) - 1;
    const char *fault = put_value(L, key, out, depth + 1);
    if (!fault) fault = put_value(L, key + 1, out, depth + 1);
    if (fault) return fault;
    lua_pop(L, 1);
  }
  sip_buffer_add_char(out, END);
  return NULL;
}

static const char *put_value(lua_State *L, int index, sip_buffer *out, int depth) {
  switch (lua_type(L, index)) {
  case LUA_TNIL:
    sip_buffer_add_char(out, NIL);
    break;
  case LUA_TBOOLEAN:
    sip_buffer_add_char(out, lua_toboolean(L, index) ? TRUE : FALSE);
    break;
  case LUA_TNUMBER:
    put_number(L, index, out);
    break;
  case LUA_TSTRING:
    put_string(L, index, out);
    break;
  case LUA_TTABLE:
    return put_table(L, index, out, depth);
  default:
    return luaL_typename(L, index);
  }
  return out->failed ? "more than there is room for" : NULL;
}

const char *bind_copy_out(lua_State *L, int index, int count, sip_buffer *out, int *at) {
  int top = lua_gettop(L);
  for (int i = 0; i < count; i++) {
    *at = i + 1;
    const char *fault = put_value(L, index + i, out, 0);
    lua_settop(L, top);
    if (fault) return fault;
  }
  return NULL;
}

static void take(sip_str *rest, void *out, size_t len) {
  memcpy(out, rest->ptr, len);
  *rest = sip_str_make(rest->ptr + len, rest->len - len);
}

static char take_tag(sip_str *rest) {
  char tag;
  take(rest, &tag, 1);
  return tag;
}

static void push_string(lua_State *L, sip_str *rest) {
  size_t len;
  take(rest, &len, sizeof len);
  lua_pushlstring(L, rest->ptr, len);
  *rest = sip_str_make(rest->ptr + len, rest->len - len);
}

static void push_value(lua_State *L, char tag, sip_str *rest);

static void push_table(lua_State *L, sip_str *rest) {
  luaL_checkstack(L, 8, NULL);
  lua_newtable(L);
  for (char tag = take_tag(rest); tag != END; tag = take_tag(rest)) {
    push_value(L, tag, rest);
    push_value(L, take_tag(rest), rest);
    lua_rawset(L, -3);
  }
}

static void push_value(lua_State *L, char tag, sip_str *rest) {
  lua_Integer integer;
  lua_Number number;
  switch (tag) {
  case TRUE:
  case FALSE:
    lua_pushboolean(L, tag == TRUE);
    break;
  case INTEGER:
    take(rest, &integer, sizeof integer);
    lua_pushinteger(L, integer);
    break;
  case FLOAT:
    take(rest, &number, sizeof number);
    lua_pushnumber(L, number);
    break;
  case STRING:
    push_string(L, rest);
    break;
  case TABLE:
    push_table(L, rest);
    break;
  default:
    lua_pushnil(L);
  }
}

int bind_copy_in(lua_State *L, sip_str bytes) {
  int count = 0;
  while (bytes.len > 0) {
    luaL_checkstack(L, 8, NULL);
    push_value(L, take_tag(&bytes), &bytes);
    count++;
  }
  return count;
}
