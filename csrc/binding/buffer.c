/* SPDX-License-Identifier: MIT
 *
 * Buffers that live on the Lua stack, and header lines written into them.
 */
#include "base/chars.h"
#include "base/error.h"
#include "binding/engine.h"

#define BUFFER_CLASS "moonsip.buffer"

typedef struct held_buffer {
  sip_buffer buffer;
  sip_alloc alloc;
} held_buffer;

static int buffer_gc(lua_State *L) {
  held_buffer *held = luaL_checkudata(L, 1, BUFFER_CLASS);
  sip_buffer_deinit(&held->buffer);
  return 0;
}

sip_buffer *bind_new_buffer(lua_State *L) {
  held_buffer *held = lua_newuserdatauv(L, sizeof *held, 0);
  sip_alloc_init(&held->alloc, NULL, NULL);
  sip_buffer_init(&held->buffer, &held->alloc, 0);
  if (luaL_newmetatable(L, BUFFER_CLASS)) {
    lua_pushcfunction(L, buffer_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return &held->buffer;
}

int bind_add_lines(lua_State *L, int index, sip_buffer *out) {
  if (lua_isnoneornil(L, index)) return 0;
  luaL_checktype(L, index, LUA_TTABLE);
  lua_Integer count = (lua_Integer)lua_rawlen(L, index);
  luaL_argcheck(L, count % 2 == 0, index, "headers come as name, value, name, value");
  int error = 0;
  for (lua_Integer i = 1; i < count && !error; i += 2) {
    lua_rawgeti(L, index, i);
    lua_rawgeti(L, index, i + 1);
    luaL_argcheck(L, lua_type(L, -2) == LUA_TSTRING && lua_isstring(L, -1), index,
                  "header names and values are strings");
    sip_str name = bind_check_str(L, -2), value = bind_check_str(L, -1);
    if (!sip_str_is(name, SIP_CHAR_TOKEN)) error = SIP_E_HEADER_NAME;
    if (sip_str_has_line_break(value)) error = SIP_E_INJECTION;
    sip_buffer_add(out, name);
    SIP_BUFFER_ADD(out, ": ");
    sip_buffer_add(out, value);
    SIP_BUFFER_ADD(out, "\r\n");
    lua_pop(L, 2);
  }
  return error ? error : (out->failed ? SIP_E_MEMORY : 0);
}
