/* SPDX-License-Identifier: MIT
 *
 * HTTP servers of a loop: ports of their own, and what comes to the port of a WebSocket and
 * asks for none. Each has a function, which is told of every request.
 */
#include "binding/http.h"

#include "base/error.h"
#include "binding/loop.h"
#include "binding/tls.h"
#include "net/error.h"
#include "net/http_server.h"

#define HTTP_CLASS "moonsip.http_host"

/* Lies in LOOP_HTTP by its number and has its function as user value. */
typedef struct bind_http {
  bind_loop *loop;
  lua_Integer number;
  net_http_server *server; /* NULL: of a WebSocket's listener, or closed */
} bind_http;

typedef struct asked {
  const bind_http *http;
  sip_id id;
  const web_request *request;
  const sip_sockaddr *remote;
} asked;

/* Fields by their names in lower case; those that come again are a list (RFC 9110 5.3). */
static void push_fields(lua_State *L, const web_head *head) {
  lua_createtable(L, 0, (int)head->field_count);
  for (size_t i = 0; i < head->field_count; i++) {
    const web_field *field = &head->fields[i];
    luaL_Buffer name;
    luaL_buffinit(L, &name);
    for (size_t at = 0; at < field->name.len; at++) {
      char c = field->name.ptr[at];
      luaL_addchar(&name, (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c));
    }
    luaL_pushresult(&name);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) == LUA_TSTRING) {
      lua_pushliteral(L, ", ");
      bind_push_str(L, field->value);
      lua_concat(L, 3);
    } else {
      lua_pop(L, 1);
      bind_push_str(L, field->value);
    }
    lua_rawset(L, -3);
  }
}

/* function(id, method, target, fields, body, remote ip) */
static int call_asked(lua_State *L) {
  const asked *a = lua_touserdata(L, 2);
  lua_getiuservalue(L, 1, LOOP_HTTP);
  if (lua_rawgeti(L, -1, a->http->number) != LUA_TUSERDATA) return 0;
  lua_getiuservalue(L, -1, 1);
  lua_pushinteger(L, (lua_Integer)a->id);
  bind_push_str(L, a->request->head.method);
  bind_push_str(L, a->request->head.target);
  push_fields(L, &a->request->head);
  bind_push_str(L, a->request->body);
  bind_push_ip(L, a->remote);
  lua_call(L, 6, 0);
  return 0;
}

static void on_asked(void *context, sip_id id, const web_request *request,
                     const sip_sockaddr *remote) {
  const bind_http *http = context;
  asked a = {.http = http, .id = id, .request = request, .remote = remote};
  bind_loop *loop = http->loop;
  if (bind_loop_enter(loop, call_asked, &a)) return;
  if (loop->net) net_http_answer(loop->net, id, &(net_http_reply){.status = 500});
}

static uint32_t check_option(lua_State *L, int index, const char *name) {
  lua_Integer value = 0;
  if (lua_getfield(L, index, name) != LUA_TNIL) {
    value = luaL_checkinteger(L, -1);
    if (value < 1 || value > INT32_MAX) luaL_error(L, "bad option '%s'", name);
  }
  lua_pop(L, 1);
  return (uint32_t)value;
}

/* Keeps the function at `function` for a new host. */
static bind_http *new_host(lua_State *L, bind_loop *loop, int function) {
  luaL_checktype(L, function, LUA_TFUNCTION);
  lua_getiuservalue(L, 1, LOOP_HTTP);
  bind_http *http = lua_newuserdatauv(L, sizeof *http, 1);
  *http = (bind_http){.loop = loop, .number = ++loop->last_http};
  lua_pushvalue(L, function);
  lua_setiuservalue(L, -2, 1);
  lua_rawseti(L, -2, http->number);
  lua_pop(L, 1);
  return http;
}

static void forget_host(lua_State *L, const bind_http *http) {
  lua_getiuservalue(L, 1, LOOP_HTTP);
  lua_pushnil(L);
  lua_rawseti(L, -2, http->number);
  lua_pop(L, 1);
}

static net_http_host read_host(lua_State *L, bind_http *http, int options) {
  return (net_http_host){.asked = on_asked,
                         .context = http,
                         .request_ms = check_option(L, options, "timeout_ms"),
                         .max_body = check_option(L, options, "max_body")};
}

net_http_host bind_http_host(lua_State *L, int options, int function) {
  bind_loop *loop = bind_loop_check(L);
  bind_http *http = new_host(L, loop, lua_absindex(L, function));
  return read_host(L, http, options);
}

/* http_listen(ip, port, options, function) -> number, ip, port | nil, err. options: tls,
 * timeout_ms, max_body, max_connections */
static int loop_http_listen(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  net_http_server_config config = {.local = bind_check_address(L, 2, 3)};
  luaL_checktype(L, 4, LUA_TTABLE);
  bind_http *http = new_host(L, loop, 5);
  config.host = read_host(L, http, 4);
  config.max_connections = check_option(L, 4, "max_connections");
  lua_getfield(L, 4, "tls");
  config.tls = bind_opt_tls(L, -1);
  sip_sockaddr bound;
  int error = net_http_server_open(loop->net, &config, &http->server, &bound);
  if (error) {
    forget_host(L, http);
    lua_pushfstring(L, "http %s:%d: %s", lua_tostring(L, 2), (int)lua_tointeger(L, 3),
                    net_error_text(error));
    return bind_fail(L, error, lua_tostring(L, -1));
  }
  bind_loop_touch(L, loop);
  lua_pushinteger(L, http->number);
  bind_push_ip(L, &bound);
  lua_pushinteger(L, bound.port);
  return 3;
}

/* http_close(number): its connections close too. */
static int loop_http_close(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  lua_getiuservalue(L, 1, LOOP_HTTP);
  if (lua_rawgeti(L, -1, luaL_checkinteger(L, 2)) != LUA_TUSERDATA) return 0;
  bind_http *http = lua_touserdata(L, -1);
  if (http->server) net_http_server_close(http->server);
  http->server = NULL;
  forget_host(L, http);
  bind_loop_touch(L, loop);
  return 0;
}

/* http_answer(id, status, fields, body) -> true | nil, err */
static int loop_http_answer(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  lua_Integer status = luaL_checkinteger(L, 3);
  luaL_argcheck(L, status >= 200 && status <= 999, 3, "a final status expected");
  const net_http_reply reply = {
      .status = (int)status, .fields = bind_opt_str(L, 4), .body = bind_opt_str(L, 5)};
  int error = net_http_answer(loop->net, (sip_id)luaL_checkinteger(L, 2), &reply);
  if (error) return bind_fail(L, error, NULL);
  bind_loop_touch(L, loop);
  lua_pushboolean(L, true);
  return 1;
}

const luaL_Reg bind_loop_http_methods[] = {{"http_listen", loop_http_listen},
                                           {"http_close", loop_http_close},
                                           {"http_answer", loop_http_answer},
                                           {NULL, NULL}};
