/* SPDX-License-Identifier: MIT
 *
 * core.lookup and core.assignment: how the fields of a Lua class's objects are read and
 * set. A handler reads a dozen members of a request, most of them the class's.
 */
#include "binding/binding.h"

/* Upvalues of a look-up: the class, its computed fields by name, the name of a field. */
enum { CLASS = 1, GETTERS, INNER };
/* Of an assignment: names as keys, and the name of a field. */
enum { OF_INNER = 1, ASSIGNED };

static int computed(lua_State *L, int status, lua_KContext context) {
  (void)L, (void)status, (void)context;
  return 1;
}

/* Pushes the member of a table that the key at index 2 names; false when there is none. */
static bool push_member(lua_State *L, int table) {
  lua_pushvalue(L, 2);
  return lua_rawget(L, table) != LUA_TNIL;
}

/* __index(object, key) */
static int look_up(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  if (push_member(L, lua_upvalueindex(CLASS))) return 1;
  if (push_member(L, lua_upvalueindex(GETTERS))) {
    lua_pushvalue(L, 1);
    lua_callk(L, 1, 1, 0, computed);
    return 1;
  }
  lua_pushvalue(L, lua_upvalueindex(INNER));
  if (lua_rawget(L, 1) == LUA_TNIL) return 1;
  lua_pushvalue(L, 2);
  lua_gettable(L, -2);
  return 1;
}

/* core.lookup(class, getters, inner or nil) -> an __index: what the class has, then
 * `getter(object)` of that name, then what the object in the field `inner` has. */
static int lookup(lua_State *L) {
  lua_settop(L, 3);
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TTABLE);
  luaL_optstring(L, 3, NULL);
  lua_pushcclosure(L, look_up, 3);
  return 1;
}

/* __newindex(object, key, value) */
static int assign(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 3);
  if (!push_member(L, lua_upvalueindex(OF_INNER))) {
    lua_settop(L, 3);
    lua_rawset(L, 1);
    return 0;
  }
  lua_pushvalue(L, lua_upvalueindex(ASSIGNED));
  lua_rawget(L, 1);
  lua_replace(L, 1);
  lua_settop(L, 3);
  lua_settable(L, 1);
  return 0;
}

/* core.assignment(names, inner) -> a __newindex: fields that `names` has as keys are set in
 * the object in the field `inner`, all others in the object itself. */
static int assignment(lua_State *L) {
  lua_settop(L, 2);
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TSTRING);
  lua_pushcclosure(L, assign, 2);
  return 1;
}

void bind_lookup_open(lua_State *L) {
  lua_pushcfunction(L, lookup);
  lua_setfield(L, -2, "lookup");
  lua_pushcfunction(L, assignment);
  lua_setfield(L, -2, "assignment");
}
