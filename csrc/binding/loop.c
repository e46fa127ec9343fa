/* SPDX-License-Identifier: MIT
 *
 * core.loop: a userdata over net_loop: its life, its turns, its hooks.
 */
#include "binding/loop.h"
#include "binding/http.h"

#include <limits.h>

#include "base/error.h"
#include "net/http_client.h"
#include "net/signal.h"
#include "net/socket.h"

static const char loop_class[] = "moonsip.loop";

enum { DISCARD_PORT = 9 }; /* RFC 863; nothing is sent there */

bind_loop *bind_loop_check(lua_State *L) {
  bind_loop *loop = bind_class_check(L, 1, loop_class);
  luaL_argcheck(L, loop->net && !loop->is_closing, 1, "the loop is closed");
  return loop;
}

static int succeed(lua_State *L) {
  lua_pushboolean(L, true);
  return 1;
}

/* --- Life --------------------------------------------------------------------- */

static void close_now(bind_loop *loop) {
  while (!sip_link_alone(&loop->guests)) {
    bind_loop_guest *guest = SIP_CONTAINER(loop->guests.next, bind_loop_guest, link);
    sip_link_remove(&guest->link);
    guest->closing(guest);
  }
  bind_loop_detach_all(loop);
  net_loop_free(loop->net);
  loop->net = NULL;
}

/* Also __gc and __close. Inside a callback the turn ends first. */
static int loop_close(lua_State *L) {
  bind_loop *loop = bind_class_check(L, 1, loop_class);
  if (!loop->net || loop->is_closing) return 0;
  if (net_loop_is_turning(loop->net)) {
    loop->is_closing = true;
    net_loop_wake(loop->net);
    return 0;
  }
  close_now(loop);
  return 0;
}

typedef struct option {
  const char *name;
  size_t at; /* of a uint32_t in net_config */
} option;

static const option options[] = {
    {"connect_ms", offsetof(net_config, connect_ms)},
    {"idle_ms", offsetof(net_config, idle_ms)},
    {"partial_ms", offsetof(net_config, partial_ms)},
    {"resolve_ms", offsetof(net_config, resolve_ms)},
    {"max_connections", offsetof(net_config, max_connections)},
    {"max_queue", offsetof(net_config, max_queue)},
};

static void take_number(lua_State *L, const option *o, net_config *config) {
  if (lua_getfield(L, 1, o->name) != LUA_TNIL) {
    lua_Integer value = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
    if (value < 1 || value > INT32_MAX) {
      luaL_error(L, "bad option '%s' (an integer above 0 expected)", o->name);
    }
    *(uint32_t *)(void *)((char *)config + o->at) = (uint32_t)value;
  }
  lua_pop(L, 1);
}

/* The strings stay the table's, at index 1. */
static void take_options(lua_State *L, net_config *config, bind_allocator *allocator) {
  if (lua_isnoneornil(L, 1)) return;
  luaL_checktype(L, 1, LUA_TTABLE);
  bind_allocator_read(L, 1, allocator);
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) take_number(L, &options[i], config);
  if (lua_getfield(L, 1, "message_size") != LUA_TNIL) {
    lua_Integer size = luaL_checkinteger(L, -1);
    luaL_argcheck(L, size >= 1 && size < INT32_MAX, 1, "message_size out of range");
    config->limits = sip_limits_default;
    config->limits.message_size = (uint32_t)size;
  }
  if (lua_getfield(L, 1, "name_servers") != LUA_TNIL) {
    config->name_servers = luaL_checkstring(L, -1);
  }
  if (lua_getfield(L, 1, "now") != LUA_TNIL) {
    config->clock = (net_clock){.is_manual = true, .manual_at = luaL_checkinteger(L, -1)};
  }
  lua_pop(L, 3);
}

/* core.loop([options]); `now` makes a clock that stands still but for advance. */
static int loop_new(lua_State *L) {
  lua_settop(L, 1);
  bind_loop *loop = lua_newuserdatauv(L, sizeof *loop, LOOP_VALUES);
  *loop = (bind_loop){0};
  sip_link_init(&loop->engines);
  sip_link_init(&loop->guests);
  bind_class_set(L, loop_class);
  lua_newtable(L);
  lua_setiuservalue(L, 2, LOOP_ATTACHED);
  lua_newtable(L);
  lua_setiuservalue(L, 2, LOOP_HOOKS);
  lua_newtable(L);
  lua_setiuservalue(L, 2, LOOP_LOOKUPS);
  lua_newtable(L);
  lua_setiuservalue(L, 2, LOOP_MEDIA);
  lua_newtable(L);
  lua_setiuservalue(L, 2, LOOP_HTTP);
  lua_newtable(L);
  lua_setiuservalue(L, 2, LOOP_CHILDREN);
  lua_newtable(L);
  lua_setiuservalue(L, 2, LOOP_CHANNELS);
  net_config config = {.alloc = bind_alloc,
                       .alloc_context = &loop->allocator,
                       .callbacks = &bind_loop_callbacks,
                       .context = loop};
  take_options(L, &config, &loop->allocator);
  bind_loop_remember(L, 2, loop);
  int error = net_loop_new(&loop->net, &config);
  if (error) return bind_fail(L, error, NULL);
  bind_push_timers(L, net_loop_now(loop->net));
  lua_setiuservalue(L, 2, LOOP_WHEEL);
  return 1;
}

/* --- Turning -------------------------------------------------------------------- */

static void refuse_nesting(lua_State *L, const bind_loop *loop) {
  if (net_loop_is_turning(loop->net)) luaL_error(L, "the loop is turning already");
}

/* False when nothing is left that could happen. Raises nothing. */
static bool turn(lua_State *L, bind_loop *loop, int64_t timeout_ms) {
  lua_State *outer = loop->L;
  loop->L = L;
  loop->is_told = false;
  bool goes_on = net_loop_step(loop->net, timeout_ms);
  loop->L = outer;
  if (!loop->is_closing) return goes_on;
  close_now(loop);
  return false;
}

static int loop_step(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  refuse_nesting(L, loop);
  lua_Number timeout_ms = luaL_optnumber(L, 2, -1);
  luaL_argcheck(L, timeout_ms <= INT32_MAX, 2, "timeout out of range");
  lua_settop(L, 1);
  bind_loop_sweep(L, loop);
  lua_pushboolean(L, turn(L, loop, timeout_ms < 0 ? -1 : (int64_t)timeout_ms));
  return 1;
}

/* run([rests]): until stop, close, or nothing is left; it rests (net/pace.h) unless that is
 * false. */
static int loop_run(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  refuse_nesting(L, loop);
  net_loop_let_rest(loop->net, lua_isnoneornil(L, 2) || lua_toboolean(L, 2));
  lua_settop(L, 1);
  loop->is_stopped = false;
  bool goes_on = true;
  while (goes_on && !loop->is_stopped) {
    /* Each turn: a hook may have been set, or another loop have let go of them. */
    if (loop->has_signal_hook) net_signal_start(loop->net);
    bind_loop_sweep(L, loop);
    goes_on = turn(L, loop, -1);
  }
  if (!loop->net) return succeed(L);
  net_loop_let_rest(loop->net, false);
  if (!loop->holds_signals) net_signal_stop(loop->net);
  return succeed(L);
}

static int loop_stop(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  loop->is_stopped = true;
  net_loop_wake(loop->net);
  return 0;
}

static int loop_wake(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  net_loop_wake(loop->net);
  bind_loop_touch(L, loop);
  return 0;
}

static int loop_now(lua_State *L) {
  lua_pushinteger(L, net_loop_now(bind_loop_check(L)->net));
  return 1;
}

/* clock() -> milliseconds with their fraction */
static int loop_clock(lua_State *L) {
  lua_pushnumber(L, net_loop_clock(bind_loop_check(L)->net));
  return 1;
}

/* A manual clock only. */
static int loop_advance(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  lua_Integer by_ms = luaL_checkinteger(L, 2);
  luaL_argcheck(L, by_ms >= 0, 2, "time does not go back");
  int error = net_loop_advance(loop->net, by_ms);
  if (error) return bind_fail(L, error, "this loop's clock is the system's");
  return succeed(L);
}

/* --- A host's loop (the names of cqueues) ------------------------------------------ */

static int loop_pollfd(lua_State *L) {
  lua_pushinteger(L, net_loop_descriptor(bind_loop_check(L)->net));
  return 1;
}

static int loop_events(lua_State *L) {
  bind_loop_check(L);
  lua_pushliteral(L, "r");
  return 1;
}

static int loop_timeout(lua_State *L) {
  int64_t timeout_ms = net_loop_timeout(bind_loop_check(L)->net);
  if (timeout_ms < 0) return 0;
  lua_pushnumber(L, (lua_Number)timeout_ms / 1000);
  return 1;
}

static int loop_empty(lua_State *L) {
  lua_pushboolean(L, net_loop_is_empty(bind_loop_check(L)->net));
  return 1;
}

/* --- Hooks ---------------------------------------------------------------------- */

/* Keeps the function at index 2, or nil; true when there is one. */
static bool set_hook(lua_State *L, const char *name) {
  bool is_set = !lua_isnoneornil(L, 2);
  if (is_set) luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  lua_getiuservalue(L, 1, LOOP_HOOKS);
  lua_pushvalue(L, 2);
  lua_setfield(L, -2, name);
  return is_set;
}

static int loop_on_timer(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  bool is_set = set_hook(L, "timer");
  lua_getiuservalue(L, 1, LOOP_WHEEL);
  net_loop_watch(loop->net, is_set ? bind_check_timers(L, -1) : NULL);
  return 0;
}

static int loop_on_wake(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  loop->has_wake_hook = set_hook(L, "wake");
  return 0;
}

/* fn(): after each turn, when everything was sent. */
static int loop_on_turn(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  loop->has_turn_hook = set_hook(L, "turn");
  return 0;
}

static int loop_on_signal(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  loop->has_signal_hook = set_hook(L, "signal");
  if (!loop->has_signal_hook && !loop->holds_signals) net_signal_stop(loop->net);
  return 0;
}

/* hold_signals(boolean): from now on, also between turns and while step turns; what
 * comes is told in the next turn. For programs that are nothing but a loop of ours. */
static int loop_hold_signals(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  loop->holds_signals = lua_toboolean(L, 2);
  if (!loop->holds_signals) {
    net_signal_stop(loop->net);
    return succeed(L);
  }
  int error = net_signal_start(loop->net);
  return error ? bind_fail(L, error, NULL) : succeed(L);
}

static int loop_on_error(lua_State *L) {
  bind_loop_check(L);
  set_hook(L, "error");
  return 0;
}

/* fn(remote, why): a peer over TLS that is not let in, or does not let us in. */
static int loop_on_refused(lua_State *L) {
  bind_loop_check(L);
  set_hook(L, "refused");
  return 0;
}

static int loop_on_resolve(lua_State *L) {
  bind_loop_check(L);
  set_hook(L, "resolve");
  return 0;
}

static int loop_wheel(lua_State *L) {
  bind_loop_check(L);
  lua_getiuservalue(L, 1, LOOP_WHEEL);
  return 1;
}

/* --- Names, counters ------------------------------------------------------------ */

/* source(ip) -> the address of ours that leads there, or nil */
static int loop_source(lua_State *L) {
  bind_loop_check(L);
  sip_sockaddr remote, local;
  bool is_ip = sip_sockaddr_parse(bind_check_str(L, 2), DISCARD_PORT, &remote);
  luaL_argcheck(L, is_ip, 2, "an IP address expected");
  net_socket_find_source(&remote, &local);
  if (!local.family || sip_sockaddr_is_any(&local)) return 0;
  bind_push_ip(L, &local);
  return 1;
}

static int loop_counts(lua_State *L) {
  net_counts counts;
  net_loop_get_counts(bind_loop_check(L)->net, &counts);
  lua_createtable(L, 0, 25);
#define FIELD(name) (lua_pushinteger(L, (lua_Integer)counts.name), lua_setfield(L, -2, #name))
  FIELD(datagrams_in);
  FIELD(datagrams_out);
  FIELD(bytes_in);
  FIELD(bytes_out);
  FIELD(messages_in);
  FIELD(messages_out);
  FIELD(accepted);
  FIELD(connected);
  FIELD(refused);
  FIELD(timed_out);
  FIELD(broken);
  FIELD(overflowed);
  FIELD(send_errors);
  FIELD(dropped);
  FIELD(icmp_errors);
  FIELD(rests);
  FIELD(listeners);
  FIELD(connections);
  FIELD(queue_bytes);
  FIELD(lookups);
  FIELD(children);
  FIELD(channels);
  FIELD(jobs);
  FIELD(live_bytes);
  FIELD(live_blocks);
#undef FIELD
  return 1;
}

static int loop_fail_allocation(lua_State *L) {
  return bind_fail_allocation(L, &bind_loop_check(L)->allocator);
}

static const luaL_Reg methods[] = {{"step", loop_step},
                                   {"run", loop_run},
                                   {"stop", loop_stop},
                                   {"wake", loop_wake},
                                   {"now", loop_now},
                                   {"clock", loop_clock},
                                   {"advance", loop_advance},
                                   {"pollfd", loop_pollfd},
                                   {"events", loop_events},
                                   {"timeout", loop_timeout},
                                   {"empty", loop_empty},
                                   {"wheel", loop_wheel},
                                   {"on_timer", loop_on_timer},
                                   {"on_wake", loop_on_wake},
                                   {"on_turn", loop_on_turn},
                                   {"on_signal", loop_on_signal},
                                   {"hold_signals", loop_hold_signals},
                                   {"on_error", loop_on_error},
                                   {"on_refused", loop_on_refused},
                                   {"on_resolve", loop_on_resolve},
                                   {"source", loop_source},
                                   {"counts", loop_counts},
                                   {"fail_allocation", loop_fail_allocation},
                                   {"close", loop_close},
                                   {NULL, NULL}};

static const luaL_Reg metamethods[] = {{"__gc", loop_close}, {"__close", loop_close}, {NULL, NULL}};

void bind_loop_open(lua_State *L) {
  bind_class_open(L, loop_class);
  luaL_setfuncs(L, metamethods, 0);
  luaL_newlib(L, methods);
  luaL_setfuncs(L, bind_loop_attach_methods, 0);
  luaL_setfuncs(L, bind_loop_child_methods, 0);
  luaL_setfuncs(L, bind_loop_names_methods, 0);
  luaL_setfuncs(L, bind_loop_channel_methods, 0);
  luaL_setfuncs(L, bind_loop_http_methods, 0);
  luaL_setfuncs(L, bind_loop_http_client_methods, 0);
  luaL_setfuncs(L, bind_loop_workers_methods, 0);
  luaL_setfuncs(L, bind_loop_redis_methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushboolean(L, net_http_client_is_built());
  lua_setfield(L, -2, "has_http_client");
  lua_pushcfunction(L, loop_new);
  lua_setfield(L, -2, "loop");
}
