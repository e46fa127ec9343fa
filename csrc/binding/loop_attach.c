/* SPDX-License-Identifier: MIT
 *
 * Engines on a loop, and their listeners. Closing an engine detaches it from its
 * loop, closing the loop detaches its engines, in whichever order a script or
 * the collector comes by.
 */
#include "base/error.h"
#include "binding/http.h"
#include "binding/loop.h"
#include "binding/tls.h"
#include "net/error.h"

static sip_time host_now(void *context) {
  const bind_attachment *attachment = context;
  return net_loop_now(attachment->loop->net);
}

static void host_acted(void *context, lua_State *L) {
  const bind_attachment *attachment = context;
  bind_loop_touch(L, attachment->loop);
}

static void detach(bind_attachment *attachment) {
  if (!attachment->net) return;
  net_detach(attachment->net);
  attachment->net = NULL;
  *attachment->slot = NULL;
  sip_link_remove(&attachment->link);
  attachment->loop->has_ended = true;
}

static void host_closing(void *context) {
  detach(context);
}

void bind_loop_detach_all(bind_loop *loop) {
  while (!sip_link_alone(&loop->engines)) {
    detach(SIP_CONTAINER(loop->engines.next, bind_attachment, link));
  }
}

void bind_loop_sweep(lua_State *L, bind_loop *loop) {
  if (!loop->has_ended) return;
  loop->has_ended = false;
  lua_getiuservalue(L, 1, LOOP_ATTACHED);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    const bind_attachment *attachment = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (attachment->net) continue;
    lua_pushnil(L);
    lua_rawsetp(L, -3, attachment);
  }
  lua_pop(L, 1);
}

bind_attachment *bind_loop_check_attachment(lua_State *L, const bind_loop *loop) {
  bind_check_engine(L, 2);
  const bind_host *host = *bind_engine_host(L, 2);
  bind_attachment *attachment = host ? host->context : NULL;
  luaL_argcheck(L, attachment && attachment->loop == loop, 2, "not attached to this loop");
  return attachment;
}

static int loop_attach(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  sip_engine *engine = bind_check_engine(L, 2);
  luaL_checktype(L, 3, LUA_TFUNCTION);
  lua_settop(L, 3);
  const bind_host **slot = bind_engine_host(L, 2);
  luaL_argcheck(L, !*slot, 2, "attached already");
  bind_loop_sweep(L, loop);
  bind_attachment *attachment = lua_newuserdatauv(L, sizeof *attachment, ATTACHMENT_VALUES);
  *attachment = (bind_attachment){.host = {.context = attachment,
                                           .now = host_now,
                                           .acted = host_acted,
                                           .closing = host_closing},
                                  .loop = loop,
                                  .engine = engine,
                                  .slot = slot};
  sip_link_init(&attachment->link);
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, 4, ATTACHMENT_ENGINE);
  lua_pushvalue(L, 3);
  lua_setiuservalue(L, 4, ATTACHMENT_EVENTS);
  lua_getiuservalue(L, 1, LOOP_ATTACHED);
  lua_pushvalue(L, 4);
  lua_rawsetp(L, -2, attachment);
  int error = net_attach(loop->net, engine, attachment, &attachment->net);
  if (error) {
    loop->has_ended = true;
    return bind_fail(L, error, NULL);
  }
  *slot = &attachment->host;
  sip_link_append(&loop->engines, &attachment->link);
  bind_loop_touch(L, loop);
  lua_pushboolean(L, true);
  return 1;
}

static int loop_detach(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  detach(bind_loop_check_attachment(L, loop));
  bind_loop_sweep(L, loop);
  lua_pushboolean(L, true);
  return 1;
}

/* --- Listeners ------------------------------------------------------------------ */

static int fail_listen(lua_State *L, const sip_listener *listener, int error) {
  bind_push_str(L, sip_transport_uri_name(listener->transport));
  bind_push_sockaddr(L, &listener->local);
  lua_pushfstring(L, "%s %s: %s", lua_tostring(L, -2), lua_tostring(L, -1), net_error_text(error));
  return bind_fail(L, error, lua_tostring(L, -1));
}

static uint16_t check_port(lua_State *L, int index, lua_Integer port) {
  luaL_argcheck(L, port >= 0 && port <= UINT16_MAX, index, "port out of range");
  return (uint16_t)port;
}

/* What the options table at `index` says. */
static void take_advertised(lua_State *L, int index, sip_listener *listener) {
  if (lua_isnoneornil(L, index)) return;
  luaL_checktype(L, index, LUA_TTABLE);
  if (lua_getfield(L, index, "advertise_host") != LUA_TNIL) {
    luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, index, "advertise_host is no string");
    listener->advertise_host = bind_check_str(L, -1); /* the table keeps it */
  }
  if (lua_getfield(L, index, "advertise_port") != LUA_TNIL) {
    luaL_argcheck(L, lua_isinteger(L, -1), index, "advertise_port is no integer");
    listener->advertise_port = check_port(L, index, lua_tointeger(L, -1));
  }
  lua_pop(L, 2);
}

enum { DOOR_MAX = 32 }; /* paths, and origins */

/* The strings of a list in the options table at `index`, which keeps them: their number. */
static size_t take_texts(lua_State *L, int index, const char *name, sip_str *out) {
  size_t count = 0;
  if (lua_getfield(L, index, name) == LUA_TTABLE) {
    count = (size_t)luaL_len(L, -1);
    luaL_argcheck(L, count <= DOOR_MAX, index, "too many paths or origins");
    for (size_t i = 0; i < count; i++) {
      lua_geti(L, -1, (lua_Integer)i + 1);
      luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, index, "paths and origins are strings");
      out[i] = bind_check_str(L, -1);
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
  return count;
}

/* `texts` has room for both lists. */
static void take_listen_options(lua_State *L, int index, net_listen_options *out, sip_str *texts) {
  *out = (net_listen_options){.paths = texts, .origins = texts + DOOR_MAX};
  if (lua_isnoneornil(L, index)) return;
  lua_getfield(L, index, "tls");
  out->tls = bind_opt_tls(L, -1);
  lua_pop(L, 1);
  out->path_count = take_texts(L, index, "paths", texts);
  out->origin_count = take_texts(L, index, "origins", texts + DOOR_MAX);
}

/* Who answers what comes to a WebSocket's port and asks for none: the function `http`. */
static bool take_http(lua_State *L, int index, net_http_host *out) {
  if (lua_isnoneornil(L, index)) return false;
  bool is_given = lua_getfield(L, index, "http") != LUA_TNIL;
  if (is_given) *out = bind_http_host(L, index, -1);
  lua_pop(L, 1);
  return is_given;
}

/* loop, engine, transport, ip, port, options */
static int loop_listen(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  bind_attachment *attachment = bind_loop_check_attachment(L, loop);
  sip_listener listener = {.transport = sip_transport_parse(bind_check_str(L, 3))};
  sip_str ip = bind_check_str(L, 4);
  uint16_t port = check_port(L, 5, luaL_checkinteger(L, 5));
  if (!sip_sockaddr_parse(ip, port, &listener.local)) {
    lua_pushfstring(L, "'%s' is no IP address", ip.ptr);
    return bind_fail(L, SIP_E_INVALID, lua_tostring(L, -1));
  }
  take_advertised(L, 6, &listener);
  net_listen_options options;
  sip_str texts[2 * DOOR_MAX];
  take_listen_options(L, 6, &options, texts);
  net_http_host http;
  if (take_http(L, 6, &http)) options.http = &http;
  uint32_t number;
  int error = net_listen(attachment->net, &listener, &options, &number);
  if (error) return fail_listen(L, &listener, error);
  lua_pushinteger(L, number);
  bind_push_ip(L, &listener.local);
  lua_pushinteger(L, listener.local.port);
  bind_loop_touch(L, loop);
  return 3;
}

static int loop_unlisten(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  bind_attachment *attachment = bind_loop_check_attachment(L, loop);
  lua_Integer number = luaL_checkinteger(L, 3);
  if (number < 1 || number > UINT32_MAX) return bind_fail(L, SIP_E_GONE, NULL);
  int error = net_unlisten(attachment->net, (uint32_t)number);
  if (error) return bind_fail(L, error, NULL);
  bind_loop_touch(L, loop);
  lua_pushboolean(L, true);
  return 1;
}

/* loop, engine, tls or nil: for the connections that the engine opens */
static int loop_set_tls(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  net_set_tls(bind_loop_check_attachment(L, loop)->net, bind_opt_tls(L, 3));
  lua_pushboolean(L, true);
  return 1;
}

const luaL_Reg bind_loop_attach_methods[] = {{"attach", loop_attach},     {"set_tls", loop_set_tls},
                                             {"detach", loop_detach},     {"listen", loop_listen},
                                             {"unlisten", loop_unlisten}, {NULL, NULL}};
