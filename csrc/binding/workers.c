/* SPDX-License-Identifier: MIT
 *
 * loop:workers{...}: Lua functions that run in threads, each thread with a Lua state of
 * its own. A state is entered in its thread and nowhere else; what goes in and comes out
 * are bytes (copy.h). Results enter the loop's state by the one way there is
 * (loop_calls.c).
 */
#include "net/workers.h"

#include <lualib.h>
#include <stdlib.h>

#include "base/error.h"
#include "binding/copy.h"
#include "binding/loop.h"

#define WORKERS_CLASS "moonsip.workers"

enum { RESULT_MAX = 1 << 28, LOOP_VALUE = 1, THREADS_MAX = 1024 };

typedef struct bind_workers {
  net_workers *net; /* NULL: closed */
  bind_loop *loop;
} bind_workers;

typedef struct job {
  net_job job;
  bind_loop *loop;
  sip_id id;
  sip_alloc alloc;
  sip_buffer in;  /* path, cpath, the function's code, its arguments */
  sip_buffer out; /* results, or message and traceback */
  bool is_well;
} job;

static void free_job(job *j) {
  sip_buffer_deinit(&j->in);
  sip_buffer_deinit(&j->out);
  free(j);
}

/* --- In a thread --------------------------------------------------------------------- */

/* What was raised, as { value, text, traceback }. */
static int add_traceback(lua_State *L) {
  lua_createtable(L, 3, 0);
  lua_pushvalue(L, 1);
  lua_rawseti(L, 2, 1);
  const char *text = luaL_tolstring(L, 1, NULL);
  luaL_traceback(L, L, text, 1);
  lua_rawseti(L, 2, 3);
  lua_rawseti(L, 2, 2);
  return 1;
}

static void set_paths(lua_State *L) {
  lua_getglobal(L, "package");
  lua_pushvalue(L, 2);
  lua_setfield(L, -2, "path");
  lua_pushvalue(L, 3);
  lua_setfield(L, -2, "cpath");
  lua_pop(L, 1);
}

/* The job is at index 1. Runs protected; results are copied out. */
static int run_function(lua_State *L) {
  job *j = lua_touserdata(L, 1);
  int count = bind_copy_in(L, sip_buffer_str(&j->in)) - 3;
  set_paths(L);
  size_t len;
  const char *code = lua_tolstring(L, 4, &len);
  if (luaL_loadbufferx(L, code, len, "=offload", "b") != LUA_OK) return lua_error(L);
  lua_replace(L, 4);
  int top = 3;
  lua_call(L, count, LUA_MULTRET);
  int results = lua_gettop(L) - top, at;
  const char *fault = bind_copy_out(L, top + 1, results, &j->out, &at);
  if (fault) return luaL_error(L, "result %d cannot be copied to another thread: %s", at, fault);
  return 0;
}

/* Copies the value, or its text where it cannot be copied, and the traceback. */
static void note_failure(lua_State *L, job *j) {
  int top = lua_gettop(L), at;
  if (!lua_istable(L, top)) { /* no memory for the table */
    lua_pushliteral(L, "not enough memory");
    sip_buffer_clear(&j->out);
    bind_copy_out(L, top + 1, 1, &j->out, &at);
    return;
  }
  for (int which = 1; which <= 2; which++) {
    lua_settop(L, top);
    lua_rawgeti(L, top, which);
    lua_rawgeti(L, top, 3);
    sip_buffer_clear(&j->out);
    if (!bind_copy_out(L, top + 1, 2, &j->out, &at)) return;
  }
}

static lua_State *new_state(void) {
  lua_State *L = luaL_newstate();
  if (L) luaL_openlibs(L);
  return L;
}

static void run_job(net_job *base, void **state) {
  job *j = SIP_CONTAINER(base, job, job);
  if (!*state) *state = new_state();
  lua_State *L = *state;
  if (!L) return; /* is_well stays false, without a message */
  lua_settop(L, 0);
  lua_pushcfunction(L, add_traceback);
  lua_pushcfunction(L, run_function);
  lua_pushlightuserdata(L, j);
  j->is_well = lua_pcall(L, 1, 0, 1) == LUA_OK;
  if (!j->is_well) note_failure(L, j);
  lua_settop(L, 0);
}

static void end_state(void *state) {
  lua_close(state);
}

/* --- In the loop ---------------------------------------------------------------------- */

static void job_done(net_job *base) {
  job *j = SIP_CONTAINER(base, job, job);
  if (base->has_run) {
    bind_loop_worked(j->loop, j->id,
                     &(bind_work){.is_well = j->is_well, .values = sip_buffer_str(&j->out)});
  }
  free_job(j);
}

static bind_workers *check(lua_State *L) {
  bind_workers *self = luaL_checkudata(L, 1, WORKERS_CLASS);
  luaL_argcheck(L, self->net && self->loop->net, 1, "the workers are closed");
  return self;
}

/* loop:workers(threads, waiting) */
static int loop_workers(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  lua_Integer threads = luaL_checkinteger(L, 2), waiting = luaL_checkinteger(L, 3);
  luaL_argcheck(L, threads >= 1 && threads <= THREADS_MAX, 2, "1 to 1024 threads");
  luaL_argcheck(L, waiting >= 0, 3, "not below 0");
  net_workers_config config = {
      .threads = (size_t)threads, .waiting = (size_t)waiting, .end = end_state};
  bind_workers *self = lua_newuserdatauv(L, sizeof *self, LOOP_VALUE);
  *self = (bind_workers){.loop = loop};
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, LOOP_VALUE);
  luaL_setmetatable(L, WORKERS_CLASS);
  int error = net_workers_new(loop->net, &config, &self->net);
  return error ? bind_fail(L, error, NULL) : 1;
}

/* workers:add(path, cpath, code, arguments ..., function(well, values ...))
 *   -> id | nil, err | nil, err with `at`: the number of what cannot be copied */
static int workers_add(lua_State *L) {
  bind_workers *self = check(L);
  int last = lua_gettop(L), at = 0;
  luaL_checktype(L, last, LUA_TFUNCTION);
  job *j = calloc(1, sizeof *j);
  if (!j) return bind_fail(L, SIP_E_MEMORY, NULL);
  j->job = (net_job){.run = run_job, .done = job_done};
  j->loop = self->loop;
  j->id = ++self->loop->last_lookup;
  sip_alloc_init(&j->alloc, NULL, NULL);
  sip_buffer_init(&j->in, &j->alloc, RESULT_MAX);
  sip_buffer_init(&j->out, &j->alloc, RESULT_MAX);
  const char *fault = bind_copy_out(L, 2, last - 2, &j->in, &at);
  int error = fault ? SIP_E_INVALID : net_workers_add(self->net, &j->job);
  if (error) {
    free_job(j);
    bind_fail(L, error, fault);
    lua_pushinteger(L, fault ? at - 3 : 0);
    lua_setfield(L, -2, "at");
    return 2;
  }
  lua_pushinteger(L, (lua_Integer)j->id);
  lua_getiuservalue(L, 1, LOOP_VALUE);
  lua_getiuservalue(L, -1, LOOP_LOOKUPS);
  lua_pushvalue(L, last);
  lua_rawseti(L, -2, (lua_Integer)j->id);
  lua_settop(L, last + 1);
  bind_loop_touch(L, self->loop);
  return 1;
}

/* Also __gc and __close: waits for the jobs that run. */
static int workers_close(lua_State *L) {
  bind_workers *self = luaL_checkudata(L, 1, WORKERS_CLASS);
  if (self->net && self->loop->net) net_workers_free(self->net);
  self->net = NULL;
  return 0;
}

const luaL_Reg bind_loop_workers_methods[] = {{"workers", loop_workers}, {NULL, NULL}};

void bind_workers_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"add", workers_add}, {"close", workers_close}, {NULL, NULL}};
  static const luaL_Reg meta[] = {
      {"__gc", workers_close}, {"__close", workers_close}, {NULL, NULL}};
  luaL_newmetatable(L, WORKERS_CLASS);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}
