/* SPDX-License-Identifier: MIT
 *
 * What a loop asks HTTP servers for a script.
 */
#include "net/http_client.h"

#include "base/error.h"
#include "binding/http.h"
#include "binding/loop.h"

enum { FIELDS_MAX = 100 };

/* The function that waits lies in LOOP_HTTP by the request's id, negated: the numbers above
 * 0 are those of servers. */
static lua_Integer key_of(sip_id id) {
  return -(lua_Integer)id;
}

typedef struct answered {
  sip_id id;
  const net_http_result *result;
} answered;

/* function(status, fields, body), or (nil, error) */
static int call_answered(lua_State *L) {
  const answered *a = lua_touserdata(L, 2);
  lua_getiuservalue(L, 1, LOOP_HTTP);
  lua_rawgeti(L, -1, key_of(a->id));
  lua_pushnil(L);
  lua_rawseti(L, -3, key_of(a->id));
  if (a->result->error) {
    lua_call(L, bind_fail(L, a->result->error, a->result->why), 0);
    return 0;
  }
  lua_pushinteger(L, a->result->status);
  bind_push_str(L, a->result->fields);
  bind_push_str(L, a->result->body);
  lua_call(L, 3, 0);
  return 0;
}

static void on_done(void *context, sip_id id, const net_http_result *result) {
  answered a = {.id = id, .result = result};
  bind_loop_enter(context, call_answered, &a);
}

static const char *text_field(lua_State *L, const char *name) {
  const char *text = NULL;
  if (lua_getfield(L, 2, name) != LUA_TNIL) {
    size_t len;
    text = luaL_checklstring(L, -1, &len);
    if (strlen(text) != len) luaL_error(L, "NUL in '%s'", name);
  }
  lua_pop(L, 1); /* the table keeps it */
  return text;
}

static lua_Integer number_field(lua_State *L, const char *name) {
  lua_getfield(L, 2, name);
  lua_Integer value = luaL_checkinteger(L, -1);
  if (value < 0 || value > INT32_MAX) luaL_error(L, "bad option '%s'", name);
  lua_pop(L, 1);
  return value;
}

/* The lines of the list `fields`, which keeps them. */
static void take_fields(lua_State *L, const char **out) {
  size_t count = 0;
  if (lua_getfield(L, 2, "fields") == LUA_TTABLE) {
    count = lua_rawlen(L, -1);
    if (count > FIELDS_MAX) luaL_error(L, "more than %d fields", FIELDS_MAX);
    for (size_t i = 0; i < count; i++) {
      lua_rawgeti(L, -1, (lua_Integer)i + 1);
      out[i] = luaL_checkstring(L, -1);
      lua_pop(L, 1);
    }
  }
  out[count] = NULL;
  lua_pop(L, 1);
}

/* http_ask({ method, url, fields, body, timeout_ms, max_body, max_redirects, ca }, function)
 * -> id | nil, err */
static int loop_http_ask(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  const char *fields[FIELDS_MAX + 1];
  luaL_checktype(L, 2, LUA_TTABLE);
  luaL_checktype(L, 3, LUA_TFUNCTION);
  net_http_wish wish = {.method = text_field(L, "method"),
                        .url = text_field(L, "url"),
                        .fields = fields,
                        .authorities = text_field(L, "ca"),
                        .timeout_ms = (uint32_t)number_field(L, "timeout_ms"),
                        .max_body = (size_t)number_field(L, "max_body"),
                        .max_redirects = (uint32_t)number_field(L, "max_redirects")};
  luaL_argcheck(L, wish.method && wish.url, 2, "method and url expected");
  take_fields(L, fields);
  wish.has_body = lua_getfield(L, 2, "body") == LUA_TSTRING;
  if (wish.has_body) wish.body = bind_check_str(L, -1);
  sip_id id;
  int error = net_http_ask(loop->net, &wish, on_done, loop, &id);
  if (error) return bind_fail(L, error, NULL);
  lua_getiuservalue(L, 1, LOOP_HTTP);
  lua_pushvalue(L, 3);
  lua_rawseti(L, -2, key_of(id));
  bind_loop_touch(L, loop);
  lua_pushinteger(L, (lua_Integer)id);
  return 1;
}

/* http_cancel(id): its function is not called any more. */
static int loop_http_cancel(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  sip_id id = (sip_id)luaL_checkinteger(L, 2);
  net_http_cancel(loop->net, id);
  lua_getiuservalue(L, 1, LOOP_HTTP);
  lua_pushnil(L);
  lua_rawseti(L, -2, key_of(id));
  return 0;
}

const luaL_Reg bind_loop_http_client_methods[] = {
    {"http_ask", loop_http_ask}, {"http_cancel", loop_http_cancel}, {NULL, NULL}};
