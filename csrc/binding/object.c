/* SPDX-License-Identifier: MIT
 *
 * Classes with fields, and text on its way in and out.
 */
#include "binding/object.h"

#include <stdarg.h>

#include "base/chars.h"
#include "base/error.h"
#include "sip/escape.h"
#include "sip/param.h"

void bind_class_new(lua_State *L, const bind_class *class) {
  if (!bind_class_open(L, class->name)) {
    lua_pop(L, 1); /* opened before in this state */
    return;
  }
  luaL_setfuncs(L, class->meta, 0);
  lua_newtable(L);
  for (const bind_field *field = class->fields; field && field->name; field++) {
    lua_pushinteger(L, field->id);
    lua_setfield(L, -2, field->name);
  }
  if (class->methods) luaL_setfuncs(L, class->methods, 0);
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, class->index, 1);
  lua_setfield(L, -3, "__index");
  if (class->newindex) {
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, class->newindex, 1);
    lua_setfield(L, -3, "__newindex");
  }
  lua_setfield(L, -2, "members");
  lua_pop(L, 1);
}

int bind_member(lua_State *L) {
  lua_settop(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNUMBER) return 0;
  int id = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return id;
}

int bind_writable(lua_State *L) {
  const char *name = luaL_checkstring(L, 2);
  lua_settop(L, 3);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNUMBER) {
    return bind_raise(L, "no field '%s' that can be set", name);
  }
  int id = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return id;
}

int bind_raise(lua_State *L, const char *format, ...) {
  va_list arguments;
  lua_Debug caller;
  lua_pushliteral(L, "");
  for (int level = 0; lua_getstack(L, level, &caller); level++) {
    lua_getinfo(L, "Sl", &caller);
    if (caller.currentline <= 0) continue;
    lua_pop(L, 1);
    lua_pushfstring(L, "%s:%d: ", caller.short_src, caller.currentline);
    break;
  }
  va_start(arguments, format);
  lua_pushvfstring(L, format, arguments);
  va_end(arguments);
  lua_concat(L, 2);
  return lua_error(L);
}

int bind_bad_value(lua_State *L, const char *field, const char *why) {
  return bind_raise(L, "bad value for '%s' (%s)", field, why);
}

sip_str bind_check_value(lua_State *L, int index, const char *field) {
  size_t len;
  int type = lua_type(L, index);
  if (type != LUA_TSTRING && type != LUA_TNUMBER) {
    bind_raise(L, "bad value for '%s' (string expected, got %s)", field, luaL_typename(L, index));
  }
  const char *ptr = lua_tolstring(L, index, &len);
  sip_str value = sip_str_make(ptr, len);
  if (sip_str_has_line_break(value)) bind_bad_value(L, field, "CR, LF or NUL in it");
  return value;
}

sip_buffer bind_buffer(lua_State *L, size_t size) {
  size += size == 0; /* max 0 would be no limit */
  return (sip_buffer){.ptr = lua_newuserdatauv(L, size, 0), .size = size, .max = size};
}

int bind_fail_at(lua_State *L, int code, size_t offset) {
  const char *reason =
      lua_pushfstring(L, "%s at byte %I", sip_error_text(code), (LUAI_UACINT)offset + 1);
  bind_fail(L, code, reason);
  lua_pushinteger(L, (lua_Integer)offset + 1);
  lua_setfield(L, -2, "at");
  return 2;
}

sip_str bind_keep(sip_str text, void *at) {
  if (text.len > 0) memcpy(at, text.ptr, text.len);
  return sip_str_make(at, text.len);
}

static bool has(sip_str text, char byte) {
  return sip_str_index(text, byte) < text.len;
}

void bind_push_unquoted(lua_State *L, sip_str value) {
  if (!has(value, '"') && !has(value, '\n')) {
    bind_push_str(L, value);
    return;
  }
  sip_buffer text = bind_buffer(L, value.len);
  sip_unquote(value, &text);
  bind_push_str(L, sip_buffer_str(&text));
  lua_remove(L, -2);
}

void bind_push_unfolded(lua_State *L, sip_str value) {
  if (!has(value, '\n')) {
    bind_push_str(L, value);
    return;
  }
  sip_buffer text = bind_buffer(L, value.len);
  sip_unfold(value, &text);
  bind_push_str(L, sip_buffer_str(&text));
  lua_remove(L, -2);
}

void bind_push_lower(lua_State *L, sip_str text) {
  sip_buffer lower = bind_buffer(L, text.len);
  for (size_t i = 0; i < text.len; i++) {
    sip_buffer_add_char(&lower, sip_char_lower(text.ptr[i]));
  }
  bind_push_str(L, sip_buffer_str(&lower));
  lua_remove(L, -2);
}

void bind_push_unescaped(lua_State *L, sip_str text) {
  if (!has(text, '%')) {
    bind_push_str(L, text);
    return;
  }
  sip_buffer plain = bind_buffer(L, text.len);
  sip_unescape(text, &plain);
  bind_push_str(L, sip_buffer_str(&plain));
  lua_remove(L, -2);
}
