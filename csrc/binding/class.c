/* SPDX-License-Identifier: MIT
 *
 * metatable[1] is the key, registry[key] the metatable. Of a library that was loaded again
 * (test runners do) the addresses may be new: the last one counts, and names tell the rest.
 */
#include "binding/class.h"

#include <stdint.h>

enum { KEY = 1 };

bool bind_class_open(lua_State *L, const char *name) {
  bool is_new = luaL_newmetatable(L, name);
  lua_pushlightuserdata(L, (void *)(uintptr_t)name);
  lua_rawseti(L, -2, KEY);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, name);
  return is_new;
}

void bind_class_set(lua_State *L, const char *name) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, name);
  lua_setmetatable(L, -2);
}

void *bind_class_test(lua_State *L, int index, const char *name) {
  void *object = lua_touserdata(L, index);
  if (!object || !lua_getmetatable(L, index)) return NULL;
  lua_rawgeti(L, -1, KEY);
  bool is_one = lua_touserdata(L, -1) == (const void *)name;
  lua_pop(L, 2);
  return is_one ? object : NULL;
}

void *bind_class_check(lua_State *L, int index, const char *name) {
  void *object = bind_class_test(L, index, name);
  return object ? object : luaL_checkudata(L, index, name);
}
