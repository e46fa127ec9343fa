/* SPDX-License-Identifier: MIT
 *
 * From a loop's turn into Lua: the one place. Every entry is protected; what it
 * raises goes, with a traceback, to the hook on_error or else to stderr.
 */
#include <signal.h>

#include "base/error.h"
#include "binding/copy.h"
#include "binding/locator.h"
#include "binding/loop.h"
#include "net/error.h"

enum { SLOTS = 16 }; /* of Lua's stack, for an entry and what it pushes */

/* --- Entering ------------------------------------------------------------------- */

static int add_traceback(lua_State *L) {
  const char *text = luaL_tolstring(L, 1, NULL);
  luaL_traceback(L, L, text, 1);
  return 1;
}

/* Pushes a hook; false when it is not set. */
static bool push_hook(lua_State *L, int loop_index, const char *name) {
  lua_getiuservalue(L, loop_index, LOOP_HOOKS);
  return lua_getfield(L, -1, name) == LUA_TFUNCTION;
}

/* loop, message */
static int call_error_hook(lua_State *L) {
  if (!push_hook(L, 1, "error")) return luaL_error(L, "%s", lua_tostring(L, 2));
  lua_pushvalue(L, 2);
  lua_call(L, 1, 0);
  return 0;
}

/* The message is at the top, the loop at `loop_index`. */
static void report(lua_State *L, int loop_index) {
  int message = lua_gettop(L);
  lua_pushcfunction(L, call_error_hook);
  lua_pushvalue(L, loop_index);
  lua_pushvalue(L, message);
  if (lua_pcall(L, 2, 0, 0) == LUA_OK) return;
  const char *text = lua_tostring(L, -1);
  lua_writestringerror("moonsip: %s\n", text ? text : "error in the error handler");
}

/* Calls fn(loop, argument) with the loop that is at `loop_index`. */
static bool enter(lua_State *L, int loop_index, lua_CFunction fn, void *argument) {
  int top = lua_gettop(L);
  if (!lua_checkstack(L, SLOTS)) {
    lua_writestringerror("moonsip: %s\n", "no Lua stack left for a callback");
    return false;
  }
  lua_pushcfunction(L, add_traceback);
  lua_pushcfunction(L, fn);
  lua_pushvalue(L, loop_index);
  lua_pushlightuserdata(L, argument);
  bool is_well = lua_pcall(L, 2, 0, top + 1) == LUA_OK;
  if (!is_well) report(L, loop_index);
  lua_settop(L, top);
  return is_well;
}

/* From inside a turn; nothing more is told once a callback has closed the loop. */
static bool enter_turn(bind_loop *loop, lua_CFunction fn, void *argument) {
  if (loop->is_closing) return false;
  return enter(loop->L, 1, fn, argument);
}

bool bind_loop_enter(bind_loop *loop, lua_CFunction fn, void *argument) {
  return enter_turn(loop, fn, argument);
}

/* Pushes the attachment. */
static void push_attachment(lua_State *L, const bind_attachment *attachment) {
  lua_getiuservalue(L, 1, LOOP_ATTACHED);
  lua_rawgetp(L, -1, attachment);
}

/* --- Events ------------------------------------------------------------------- */

static int call_events(lua_State *L) {
  push_attachment(L, lua_touserdata(L, 2));
  lua_getiuservalue(L, -1, ATTACHMENT_EVENTS);
  lua_call(L, 0, 0);
  return 0;
}

static void on_events(void *context, void *tag) {
  enter_turn(context, call_events, tag);
}

/* --- Queries ------------------------------------------------------------------ */

typedef struct asked {
  bind_attachment *attachment;
  const sip_query *query;
  bool has_hook;
} asked;

static int call_query(lua_State *L) {
  asked *a = lua_touserdata(L, 2);
  const sip_query *query = a->query;
  a->has_hook = push_hook(L, 1, "resolve");
  if (!a->has_hook) return 0;
  push_attachment(L, a->attachment);
  lua_getiuservalue(L, -1, ATTACHMENT_ENGINE);
  lua_replace(L, -3); /* in place of LOOP_ATTACHED */
  lua_pop(L, 1);
  lua_pushinteger(L, (lua_Integer)query->id);
  bind_push_query(L, query);
  lua_call(L, 7, 1);
  if (lua_isboolean(L, -1) && !lua_toboolean(L, -1)) a->has_hook = false; /* for the DNS */
  return 0;
}

static bool on_query(void *context, void *tag, const sip_query *query) {
  bind_loop *loop = context;
  bind_attachment *attachment = tag;
  asked a = {.attachment = attachment, .query = query};
  sip_id id = query->id;
  if (!enter_turn(loop, call_query, &a) && attachment->net) {
    sip_engine_resolved(attachment->engine, net_loop_now(loop->net), id, NULL, 0, SIP_E_DNS);
    return true;
  }
  return a.has_hook;
}

/* --- Timers ------------------------------------------------------------------- */

typedef struct due {
  sip_time now;
  bool has_fired;
} due;

static int call_timer(lua_State *L) {
  due *d = lua_touserdata(L, 2);
  if (!push_hook(L, 1, "timer")) return 0;
  lua_getiuservalue(L, 1, LOOP_WHEEL);
  d->has_fired = bind_timers_expire(L, -1, d->now);
  if (!d->has_fired) return 0;
  lua_remove(L, -2);
  lua_call(L, 1, 0);
  return 0;
}

static void on_timers(void *context, sip_time now) {
  due d = {.now = now, .has_fired = true};
  while (d.has_fired) {
    d.has_fired = false;
    enter_turn(context, call_timer, &d);
  }
}

/* --- Signals ------------------------------------------------------------------ */

static int call_signal(lua_State *L) {
  const int *number = lua_touserdata(L, 2);
  if (!push_hook(L, 1, "signal")) return 0;
  lua_pushstring(L, *number == SIGINT ? "SIGINT" : "SIGTERM");
  lua_call(L, 1, 0);
  return 0;
}

static void on_signal(void *context, int number) {
  enter_turn(context, call_signal, &number);
}

/* --- Peers that are not let in --------------------------------------------------- */

typedef struct refusal {
  const sip_flow *flow;
  const char *why;
} refusal;

static int call_refused(lua_State *L) {
  const refusal *r = lua_touserdata(L, 2);
  if (!push_hook(L, 1, "refused")) return 0;
  bind_push_sockaddr(L, &r->flow->remote);
  lua_pushstring(L, r->why);
  lua_call(L, 2, 0);
  return 0;
}

static void on_refused(void *context, void *tag, const sip_flow *flow, const char *why) {
  (void)tag;
  refusal r = {.flow = flow, .why = why};
  enter_turn(context, call_refused, &r);
}

/* --- The end of a turn -------------------------------------------------------- */

static int call_turned(lua_State *L) {
  if (!push_hook(L, 1, "turn")) return 0;
  lua_call(L, 0, 0);
  return 0;
}

static void on_turned(void *context) {
  bind_loop *loop = context;
  if (loop->has_turn_hook) enter_turn(loop, call_turned, NULL);
}

const net_callbacks bind_loop_callbacks = {.events = on_events,
                                           .query = on_query,
                                           .timers = on_timers,
                                           .signal = on_signal,
                                           .refused = on_refused,
                                           .turned = on_turned};

/* --- Programs ------------------------------------------------------------------ */

typedef struct ended {
  sip_id id;
  const net_child_end *end;
} ended;

/* function(output, errors, status, signal), or (nil, error, errors) */
static int call_ended(lua_State *L) {
  const ended *e = lua_touserdata(L, 2);
  const net_child_end *end = e->end;
  lua_getiuservalue(L, 1, LOOP_CHILDREN);
  lua_rawgeti(L, -1, (lua_Integer)e->id);
  lua_pushnil(L);
  lua_rawseti(L, -3, (lua_Integer)e->id);
  if (end->error) {
    int count = bind_fail(L, end->error, NULL);
    bind_push_str(L, end->errors);
    lua_call(L, count + 1, 0);
    return 0;
  }
  bind_push_str(L, end->output);
  bind_push_str(L, end->errors);
  lua_pushinteger(L, end->status);
  lua_pushinteger(L, end->signal);
  lua_call(L, 4, 0);
  return 0;
}

void bind_loop_child_ended(void *context, sip_id id, const net_child_end *end) {
  ended e = {.id = id, .end = end};
  enter_turn(context, call_ended, &e);
}

/* --- Work of other threads ------------------------------------------------------- */

typedef struct worked {
  sip_id id;
  const bind_work *work;
} worked;

/* function(well, values ...) */
static int call_worked(lua_State *L) {
  const worked *w = lua_touserdata(L, 2);
  lua_getiuservalue(L, 1, LOOP_LOOKUPS);
  lua_rawgeti(L, -1, (lua_Integer)w->id);
  lua_pushnil(L);
  lua_rawseti(L, -3, (lua_Integer)w->id);
  lua_pushboolean(L, w->work->is_well);
  lua_call(L, bind_copy_in(L, w->work->values) + 1, 0);
  return 0;
}

void bind_loop_worked(bind_loop *loop, sip_id id, const bind_work *work) {
  enter_turn(loop, call_worked, &(worked){.id = id, .work = work});
}

/* --- Waking a host's loop ------------------------------------------------------- */

/* Its address is the registry's key of the table that finds a loop by its
 * pointer, weakly. */
static const char loops_key = 0;

void bind_loop_remember(lua_State *L, int index, const bind_loop *loop) {
  index = lua_absindex(L, index);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &loops_key) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &loops_key);
  }
  lua_pushvalue(L, index);
  lua_rawsetp(L, -2, loop);
  lua_pop(L, 1);
}

static int call_wake(lua_State *L) {
  if (!push_hook(L, 1, "wake")) return 0;
  lua_call(L, 0, 0);
  return 0;
}

void bind_loop_touch(lua_State *L, bind_loop *loop) {
  if (!loop->net || loop->is_closing || net_loop_is_turning(loop->net)) return;
  net_loop_touch(loop->net);
  if (!loop->has_wake_hook || loop->is_told || !lua_checkstack(L, SLOTS)) return;
  loop->is_told = true; /* once is enough until the next turn, and on_wake may call us */
  int top = lua_gettop(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &loops_key);
  if (lua_rawgetp(L, -1, loop) == LUA_TUSERDATA) enter(L, lua_gettop(L), call_wake, NULL);
  lua_settop(L, top);
}
