/* SPDX-License-Identifier: MIT
 *
 * Programs that run beside a loop.
 */
#include "base/error.h"
#include "binding/loop.h"

/* Pushes a NULL-terminated array of the strings of the list at `index`, which keeps them
 * alive. */
static char *const *push_strings(lua_State *L, int index, const char *name) {
  lua_Integer count = luaL_len(L, index);
  const char **list = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *list, 0);
  for (lua_Integer i = 1; i <= count; i++) {
    size_t len;
    if (lua_geti(L, index, i) != LUA_TSTRING) {
      luaL_error(L, "bad option '%s' (strings expected)", name);
    }
    list[i - 1] = lua_tolstring(L, -1, &len);
    if (strlen(list[i - 1]) != len) luaL_error(L, "bad option '%s' (NUL in a string)", name);
    lua_pop(L, 1);
  }
  list[count] = NULL;
  return (char *const *)list;
}

/* The option at the top of the stack, which stays there. */
static char *const *get_strings(lua_State *L, const char *name) {
  if (lua_getfield(L, 2, name) == LUA_TNIL) return NULL;
  luaL_checktype(L, -1, LUA_TTABLE);
  return push_strings(L, lua_gettop(L), name);
}

static void read_program(lua_State *L, net_program *program) {
  luaL_checktype(L, 2, LUA_TTABLE);
  program->arguments = push_strings(L, 2, "arguments");
  luaL_argcheck(L, program->arguments[0], 2, "no program");
  program->environment = get_strings(L, "environment");
  if (lua_getfield(L, 2, "folder") != LUA_TNIL) program->folder = luaL_checkstring(L, -1);
  if (lua_getfield(L, 2, "input") != LUA_TNIL) program->input = bind_check_str(L, -1);
  lua_getfield(L, 2, "output_max");
  lua_Integer max = luaL_checkinteger(L, -1);
  luaL_argcheck(L, max > 0, 2, "output_max is not above 0");
  program->output_max = (size_t)max;
}

/* spawn({ program, argument ..., environment = { "NAME=value" ... }, folder, input,
 * output_max }, function(output, errors, status, signal) or function(nil, error, errors)):
 * an id for kill, or nil and an error. */
static int loop_spawn(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  luaL_checktype(L, 3, LUA_TFUNCTION);
  lua_settop(L, 3);
  net_program program = {
      .done = bind_loop_child_ended, .context = loop, .id = loop->last_child + 1};
  read_program(L, &program);
  lua_getiuservalue(L, 1, LOOP_CHILDREN);
  lua_pushvalue(L, 3);
  lua_rawseti(L, -2, (lua_Integer)program.id);
  loop->last_child = program.id;
  int error = net_child_start(loop->net, &program);
  if (!error) {
    bind_loop_touch(L, loop);
    lua_pushinteger(L, (lua_Integer)program.id);
    return 1;
  }
  lua_pushnil(L);
  lua_rawseti(L, -2, (lua_Integer)program.id);
  return bind_fail(L, error, NULL);
}

/* kill(id): its function is still called. True, or nil and an error when it has ended. */
static int loop_kill(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  int error = net_child_kill(loop->net, (sip_id)luaL_checkinteger(L, 2));
  if (error) return bind_fail(L, error, NULL);
  lua_pushboolean(L, true);
  return 1;
}

const luaL_Reg bind_loop_child_methods[] = {
    {"spawn", loop_spawn}, {"kill", loop_kill}, {NULL, NULL}};
