/* SPDX-License-Identifier: MIT
 *
 * Connections of a script's own, beside a loop.
 */
#include "base/error.h"
#include "binding/loop.h"
#include "binding/object.h"
#include "binding/tls.h"
#include "net/channel.h"
#include "net/error.h"

/* --- What they tell, into Lua ------------------------------------------------------- */

static void push_function(lua_State *L, sip_id id) {
  lua_getiuservalue(L, 1, LOOP_CHANNELS);
  lua_rawgeti(L, -1, (lua_Integer)id);
}

static void forget(lua_State *L, sip_id id) {
  lua_getiuservalue(L, 1, LOOP_CHANNELS);
  lua_pushnil(L);
  lua_rawseti(L, -2, (lua_Integer)id);
  lua_pop(L, 1);
}

/* function("open" | "data", bytes | "writable" | "end" | "failed", error) */
static int call_news(lua_State *L) {
  static const char *const names[] = {"open", "data", "writable", "end", "failed"};
  const net_channel_news *news = lua_touserdata(L, 2);
  push_function(L, news->id);
  if (news->event == NET_CHANNEL_FAILED) forget(L, news->id);
  if (lua_isnil(L, -1)) return 0;
  lua_pushstring(L, names[news->event]);
  int count = 1;
  if (news->event == NET_CHANNEL_RECEIVED) {
    bind_push_str(L, news->bytes);
    count = 2;
  } else if (news->event == NET_CHANNEL_FAILED) {
    bind_fail(L, news->error, NULL);
    lua_remove(L, -2);               /* its nil */
    lua_pushliteral(L, "transport"); /* whatever the system says of a connection */
    lua_setfield(L, -2, "kind");
    count = 2;
  }
  lua_call(L, count, 0);
  return 0;
}

static void on_news(void *context, const net_channel_news *news) {
  bind_loop_enter(context, call_news, (void *)(uintptr_t)news);
}

/* --- Functions ------------------------------------------------------------------------ */

static uint32_t get_number(lua_State *L, const char *name) {
  lua_getfield(L, 4, name);
  lua_Integer value = luaL_optinteger(L, -1, 0);
  luaL_argcheck(L, value >= 0 && value <= INT32_MAX, 4, name);
  lua_pop(L, 1);
  return (uint32_t)value;
}

/* Over TLS: `tls`, a core.tls, and the `name` that the server proves. */
static void read_tls(lua_State *L, net_channel_opening *opening) {
  lua_getfield(L, 4, "tls");
  opening->tls = bind_opt_tls(L, -1);
  lua_getfield(L, 4, "name");
  if (!lua_isnil(L, -1)) opening->name = bind_check_str(L, -1);
  lua_pop(L, 2); /* the table keeps both */
}

/* connect(ip, port, { patience_ms, send_buffer, tls, name }, function): an id, or nil and an
 * error. The function is called with "open"; with "data" and bytes; "writable" after a write that
 * was cut short; "end" when the peer sends no more; "failed" and an error, after which it is
 * closed. */
static int loop_connect(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  luaL_checktype(L, 4, LUA_TTABLE);
  luaL_checktype(L, 5, LUA_TFUNCTION);
  lua_settop(L, 5);
  lua_Integer port = luaL_checkinteger(L, 3);
  luaL_argcheck(L, port > 0 && port <= UINT16_MAX, 3, "a port expected");
  net_channel_opening opening = {.patience_ms = get_number(L, "patience_ms"),
                                 .send_buffer = get_number(L, "send_buffer"),
                                 .tell = on_news,
                                 .context = loop};
  read_tls(L, &opening);
  bool is_ip = sip_sockaddr_parse(bind_check_str(L, 2), (uint16_t)port, &opening.remote);
  luaL_argcheck(L, is_ip, 2, "an IP address expected");
  sip_id id;
  int error = net_channel_open(loop->net, &opening, &id);
  if (error) return bind_fail(L, error, NULL);
  lua_getiuservalue(L, 1, LOOP_CHANNELS);
  lua_pushvalue(L, 5);
  lua_rawseti(L, -2, (lua_Integer)id);
  bind_loop_touch(L, loop);
  lua_pushinteger(L, (lua_Integer)id);
  return 1;
}

static sip_id check_id(lua_State *L) {
  return (sip_id)luaL_checkinteger(L, 2);
}

/* channel_write(id, bytes): how many of them were taken, or nil and an error. */
static int loop_channel_write(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  ssize_t taken = net_channel_write(loop->net, check_id(L), bind_check_str(L, 3));
  if (taken < 0) return bind_fail(L, (int)taken, NULL);
  lua_pushinteger(L, (lua_Integer)taken);
  return 1;
}

/* channel_hold(id, boolean): true holds the peer's bytes back. */
static int loop_channel_hold(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  int error = net_channel_hold(loop->net, check_id(L), lua_toboolean(L, 3));
  if (error) return bind_fail(L, error, NULL);
  bind_loop_touch(L, loop);
  lua_pushboolean(L, true);
  return 1;
}

/* channel_finish(id): the peer hears that we send no more. */
static int loop_channel_finish(lua_State *L) {
  int error = net_channel_finish(bind_loop_check(L)->net, check_id(L));
  if (error) return bind_fail(L, error, NULL);
  lua_pushboolean(L, true);
  return 1;
}

/* channel_close(id): nothing more is told. */
static int loop_channel_close(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  sip_id id = check_id(L);
  net_channel_close(loop->net, id);
  forget(L, id);
  bind_loop_touch(L, loop);
  return 0;
}

const luaL_Reg bind_loop_channel_methods[] = {{"connect", loop_connect},
                                              {"channel_write", loop_channel_write},
                                              {"channel_hold", loop_channel_hold},
                                              {"channel_finish", loop_channel_finish},
                                              {"channel_close", loop_channel_close},
                                              {NULL, NULL}};
