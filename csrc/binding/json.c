/* SPDX-License-Identifier: MIT
 *
 * core.json_encode and core.json_decode (RFC 8259), by jansson. Without the library there
 * are none. A null is core.json_null, light userdata, so that lists keep their length.
 */
#include "binding/binding.h"

#ifdef HAVE_JANSSON

#include <jansson.h>

enum { DEPTH_MAX = 64, TEXT_MAX = 128 };

/* --- Decoding --------------------------------------------------------------------------- */

static void push_value(lua_State *L, const json_t *value, int depth);

static void push_list(lua_State *L, const json_t *value, int depth) {
  size_t count = json_array_size(value);
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    push_value(L, json_array_get(value, i), depth + 1);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static void push_object(lua_State *L, json_t *value, int depth) {
  const char *key;
  size_t key_len;
  json_t *one;
  lua_createtable(L, 0, (int)json_object_size(value));
  void *at = json_object_iter(value);
  for (; at; at = json_object_iter_next(value, at)) {
    key = json_object_iter_key(at);
    key_len = strlen(key);
    one = json_object_iter_value(at);
    lua_pushlstring(L, key, key_len);
    push_value(L, one, depth + 1);
    lua_rawset(L, -3);
  }
}

/* At most DEPTH_MAX lists and objects deep. */
static void push_value(lua_State *L, const json_t *value, int depth) {
  bool holds = json_is_array(value) || json_is_object(value);
  if (holds && depth >= DEPTH_MAX) luaL_error(L, "nested more than %d deep", DEPTH_MAX);
  luaL_checkstack(L, 4, NULL);
  switch (json_typeof(value)) {
  case JSON_OBJECT:
    push_object(L, (json_t *)(uintptr_t)value, depth);
    break;
  case JSON_ARRAY:
    push_list(L, value, depth);
    break;
  case JSON_STRING:
    lua_pushlstring(L, json_string_value(value), json_string_length(value));
    break;
  case JSON_INTEGER:
    lua_pushinteger(L, json_integer_value(value));
    break;
  case JSON_REAL:
    lua_pushnumber(L, json_real_value(value));
    break;
  case JSON_NULL:
    lua_pushlightuserdata(L, NULL);
    break;
  default:
    lua_pushboolean(L, json_is_true(value));
  }
}

static int push_document(lua_State *L) {
  push_value(L, lua_touserdata(L, 1), 0);
  return 1;
}

/* nil and what is wrong */
static int refuse(lua_State *L, const char *why) {
  lua_pushnil(L);
  lua_pushstring(L, why);
  return 2;
}

/* json_decode(text) -> value | nil, why */
static int json_from_text(lua_State *L) {
  sip_str text = bind_check_str(L, 1);
  json_error_t error;
  json_t *document =
      json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
  if (!document) {
    lua_pushfstring(L, "line %d: %s", error.line, error.text);
    return refuse(L, lua_tostring(L, -1));
  }
  lua_pushcfunction(L, push_document);
  lua_pushlightuserdata(L, document);
  int status = lua_pcall(L, 1, 1, 0);
  json_decref(document);
  return status == LUA_OK ? 1 : refuse(L, lua_tostring(L, -1));
}

/* --- Encoding ------------------------------------------------------------------------------ */

static json_t *value_of(lua_State *L, int index, int depth, char *why);

static bool is_list(lua_State *L, int index) {
  if (lua_rawlen(L, index) > 0) return true;
  if (!luaL_getmetafield(L, index, "__json_list")) return false;
  bool marked = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return marked;
}

static json_t *list_of(lua_State *L, int index, int depth, char *why) {
  json_t *list = json_array();
  lua_Integer count = (lua_Integer)lua_rawlen(L, index);
  for (lua_Integer i = 1; list && i <= count; i++) {
    lua_rawgeti(L, index, i);
    json_t *one = value_of(L, lua_gettop(L), depth + 1, why);
    lua_pop(L, 1);
    if (!one || json_array_append_new(list, one) != 0) {
      json_decref(list);
      return NULL;
    }
  }
  return list;
}

static json_t *object_of(lua_State *L, int index, int depth, char *why) {
  json_t *object = json_object();
  lua_pushnil(L);
  while (object && lua_next(L, index)) {
    json_t *one = NULL;
    if (lua_type(L, -2) != LUA_TSTRING) {
      snprintf(why, TEXT_MAX, "a key that is no string");
    } else {
      one = value_of(L, lua_gettop(L), depth + 1, why);
    }
    if (!one || json_object_set_new(object, lua_tostring(L, -2), one) != 0) {
      if (!why[0]) snprintf(why, TEXT_MAX, "a key that is no UTF-8");
      json_decref(object);
      lua_pop(L, 2);
      return NULL;
    }
    lua_pop(L, 1);
  }
  return object;
}

static json_t *text_value_of(lua_State *L, int index, char *why) {
  sip_str text = bind_check_str(L, index);
  json_t *value = json_stringn(text.ptr, text.len);
  if (!value) snprintf(why, TEXT_MAX, "a string that is no UTF-8");
  return value;
}

static json_t *number_of(lua_State *L, int index, char *why) {
  if (lua_isinteger(L, index)) return json_integer(lua_tointeger(L, index));
  json_t *value = json_real(lua_tonumber(L, index));
  if (!value) snprintf(why, TEXT_MAX, "a number that JSON does not have");
  return value;
}

/* NULL with what is wrong. At most DEPTH_MAX deep, so that circles end. */
static json_t *value_of(lua_State *L, int index, int depth, char *why) {
  bool holds = lua_type(L, index) == LUA_TTABLE;
  if ((holds && depth >= DEPTH_MAX) || !lua_checkstack(L, 4)) {
    snprintf(why, TEXT_MAX, "tables nested more than %d deep", DEPTH_MAX);
    return NULL;
  }
  switch (lua_type(L, index)) {
  case LUA_TTABLE:
    return is_list(L, index) ? list_of(L, index, depth, why) : object_of(L, index, depth, why);
  case LUA_TSTRING:
    return text_value_of(L, index, why);
  case LUA_TNUMBER:
    return number_of(L, index, why);
  case LUA_TBOOLEAN:
    return json_boolean(lua_toboolean(L, index));
  case LUA_TLIGHTUSERDATA:
    if (!lua_touserdata(L, index)) return json_null();
    break;
  default:
    break;
  }
  snprintf(why, TEXT_MAX, "a %s", luaL_typename(L, index));
  return NULL;
}

/* json_encode(value) -> text | nil, why */
static int json_to_text(lua_State *L) {
  char why[TEXT_MAX] = "";
  lua_settop(L, 1);
  luaL_checkany(L, 1);
  json_t *document = value_of(L, 1, 0, why);
  if (!document) {
    lua_pushfstring(L, "no JSON for %s", why[0] ? why : "lack of memory");
    return refuse(L, lua_tostring(L, -1));
  }
  char *text = json_dumps(document, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
  json_decref(document);
  if (!text) return refuse(L, "not enough memory");
  lua_pushstring(L, text);
  free(text);
  return 1;
}

void bind_json_open(lua_State *L) {
  lua_pushcfunction(L, json_from_text);
  lua_setfield(L, -2, "json_decode");
  lua_pushcfunction(L, json_to_text);
  lua_setfield(L, -2, "json_encode");
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "json_null");
}

#else

void bind_json_open(lua_State *L) {
  (void)L;
}

#endif
