/* SPDX-License-Identifier: MIT
 *
 * For specs: when a loop rests, on any clock.
 */
#include "net/pace.h"

#include <lauxlib.h>
#include <lua.h>

#define PACE_CLASS "spec.pace"

static net_pace *check(lua_State *L) {
  return luaL_checkudata(L, 1, PACE_CLASS);
}

/* pace:wait(now_us) -> microseconds to rest */
static int pace_wait(lua_State *L) {
  lua_pushinteger(L, net_pace_wait(check(L), luaL_checkinteger(L, 2)));
  return 1;
}

/* pace:woke(now_us) */
static int pace_woke(lua_State *L) {
  net_pace_woke(check(L), luaL_checkinteger(L, 2));
  return 0;
}

/* pace:turned(messages) */
static int pace_turned(lua_State *L) {
  net_pace_turned(check(L), (uint64_t)luaL_checkinteger(L, 2));
  return 0;
}

static int new_pace(lua_State *L) {
  net_pace_init(lua_newuserdatauv(L, sizeof(net_pace), 0));
  luaL_setmetatable(L, PACE_CLASS);
  return 1;
}

int luaopen_pace(lua_State *L);

int luaopen_pace(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"wait", pace_wait}, {"woke", pace_woke}, {"turned", pace_turned}, {NULL, NULL}};
  if (luaL_newmetatable(L, PACE_CLASS)) {
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
  }
  lua_pushcfunction(L, new_pace);
  return 1;
}
