/* SPDX-License-Identifier: MIT
 *
 * Errors as values (core.error is the metatable; lua/moonsip/errors.lua gives
 * it its methods).
 */
#include "net/error.h"

#include "binding/binding.h"

#define ERROR_CLASS "moonsip.error"

void bind_error_open(lua_State *L) {
  luaL_newmetatable(L, ERROR_CLASS);
  lua_setfield(L, -2, "error");
}

int bind_fail(lua_State *L, int code, const char *detail) {
  lua_pushnil(L);
  lua_createtable(L, 0, 3);
  lua_pushstring(L, net_error_kind(code));
  lua_setfield(L, -2, "kind");
  lua_pushstring(L, net_error_name(code));
  lua_setfield(L, -2, "name");
  lua_pushstring(L, detail ? detail : net_error_text(code));
  lua_setfield(L, -2, "reason");
  luaL_setmetatable(L, ERROR_CLASS);
  return 2;
}
