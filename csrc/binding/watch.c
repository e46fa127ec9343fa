/* SPDX-License-Identifier: MIT
 *
 * core.watch: a look at a coroutine every so many instructions. A count hook of C
 * rather than debug.sethook's, because coroutines inherit a hook from the one that
 * makes them, but not the Lua function that debug keeps for it.
 */
#include "binding/binding.h"

/* Its address is the registry's key of a table whose keys are the functions that
 * look, weakly: they are held by those who watch. */
static const char looks_key = 0;

enum { SLOTS = 4 };

static void on_count(lua_State *L, lua_Debug *ar) {
  (void)ar;
  if (!lua_checkstack(L, SLOTS)) return;
  int top = lua_gettop(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &looks_key);
  lua_pushnil(L);
  while (lua_next(L, top + 1)) {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_call(L, 0, 0); /* raises where it is time to */
  }
  lua_settop(L, top);
}

static void push_looks(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &looks_key) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &looks_key);
}

/* watch(coroutine, count, look): look() is called after each `count` instructions of
 * it, or of one that it made; what it raises is raised there. It hears of those of
 * others too, and must know itself whether its own are running. */
static int watch(lua_State *L) {
  lua_State *co = lua_tothread(L, 1);
  luaL_argexpected(L, co, 1, "coroutine");
  lua_Integer count = luaL_checkinteger(L, 2);
  luaL_argcheck(L, count > 0 && count <= INT32_MAX, 2, "instructions, at least 1");
  luaL_checktype(L, 3, LUA_TFUNCTION);
  push_looks(L);
  lua_pushvalue(L, 3);
  lua_pushboolean(L, 1);
  lua_rawset(L, -3);
  lua_sethook(co, on_count, LUA_MASKCOUNT, (int)count);
  return 0;
}

void bind_watch_open(lua_State *L) {
  lua_pushcfunction(L, watch);
  lua_setfield(L, -2, "watch");
}
