/* SPDX-License-Identifier: MIT
 *
 * A Lua interpreter for the suite: linked with the sanitizers, so that they see
 * the process from its start, and with a hostile collector on demand.
 *
 *   lua [-e CODE] [SCRIPT [ARGUMENT]...]
 *
 * GC (environment) makes the memory of Lua hostile; each also moves a block at
 * every change of its size and overwrites what is freed:
 *   incremental   a new cycle starts as soon as one ends
 *   generational  the other collector, collecting at every growth
 *   handlers      as incremental, and spec/support/busted.lua adds its part
 *   emergency     every GC_EVERY-th (default 500) object first fails, which has Lua
 *                 collect everything in the middle of the C call that made it,
 *                 and then succeeds
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#define FREED 0xDD /* what freed memory reads as */
#define FRESH 0xCD /* what new memory reads as */

typedef struct hostile {
  unsigned long every; /* one in this many objects fails at first; 0 never */
  unsigned long count;
} hostile;

/* Objects only: Lua collects and asks again for those, while the buffers of its
 * auxiliary library give up. The second time is one further, and so succeeds. */
static int refuses(hostile *memory) {
  return memory->every != 0 && ++memory->count % memory->every == 0;
}

static void *hostile_alloc(void *context, void *ptr, size_t old_size, size_t size) {
  hostile *memory = context;
  int is_object = !ptr && old_size != 0; /* then it is the kind of object */
  if (!ptr) old_size = 0;
  if (size == 0) {
    if (ptr) memset(ptr, FREED, old_size);
    free(ptr);
    return NULL;
  }
  if (is_object && refuses(memory)) return NULL;
  void *moved = malloc(size);
  if (!moved) return NULL;
  memset(moved, FRESH, size);
  if (ptr) {
    memcpy(moved, ptr, old_size < size ? old_size : size);
    memset(ptr, FREED, old_size);
    free(ptr);
  }
  return moved;
}

static lua_State *new_state(hostile *memory) {
  const char *mode = getenv("GC");
  if (!mode || !*mode) return luaL_newstate();
  lua_State *L = lua_newstate(hostile_alloc, memory);
  if (!L) return NULL;
  const char *every = getenv("GC_EVERY"); /* a state in the making cannot collect */
  if (strcmp(mode, "emergency") == 0) memory->every = every ? strtoul(every, NULL, 10) : 500;
  if (strcmp(mode, "generational") == 0) {
    lua_gc(L, LUA_GCGEN, 1, 1);
  } else {
    lua_gc(L, LUA_GCINC, 100, 400, 10);
  }
  return L;
}

static int traceback(lua_State *L) {
  const char *message = luaL_tolstring(L, 1, NULL);
  luaL_traceback(L, L, message, 1);
  return 1;
}

static void set_arguments(lua_State *L, char **argv, int script) {
  lua_newtable(L);
  for (int i = 0; argv[i]; i++) {
    lua_pushstring(L, argv[i]);
    lua_rawseti(L, -2, i - script);
  }
  lua_setglobal(L, "arg");
}

static int run(lua_State *L) {
  char **argv = lua_touserdata(L, 1);
  int script = 1;
  luaL_openlibs(L);
  while (argv[script] && strcmp(argv[script], "-e") == 0 && argv[script + 1]) script += 2;
  set_arguments(L, argv, argv[script] ? script : 0);
  for (int i = 2; i < script; i += 2) {
    if (luaL_loadstring(L, argv[i]) != LUA_OK) return lua_error(L);
    lua_call(L, 0, 0);
  }
  if (!argv[script]) return 0;
  const char *name = strcmp(argv[script], "-") == 0 ? NULL : argv[script];
  if (luaL_loadfile(L, name) != LUA_OK) return lua_error(L);
  int count = 0;
  while (argv[script + 1 + count]) {
    luaL_checkstack(L, 1, "too many arguments");
    lua_pushstring(L, argv[script + 1 + count++]);
  }
  lua_call(L, count, 0);
  return 0;
}

int main(int argc, char **argv) {
  (void)argc;
  hostile memory = {0};
  lua_State *L = new_state(&memory);
  if (!L) return EXIT_FAILURE;
  lua_pushcfunction(L, traceback);
  lua_pushcfunction(L, run);
  lua_pushlightuserdata(L, argv);
  int status = lua_pcall(L, 1, 0, 1);
  if (status != LUA_OK) lua_writestringerror("lua: %s\n", lua_tostring(L, -1));
  lua_close(L);
  return status == LUA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
