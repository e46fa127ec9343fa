/* SPDX-License-Identifier: MIT
 *
 * core.engine: proxying, and what is ours.
 */
#include "sip/engine_proxy.h"
#include "base/error.h"
#include "binding/engine.h"
#include "binding/message.h"
#include "binding/uri.h"
#include "sip/forward.h"

static bind_engine *check_proxied(lua_State *L, sip_id *transaction) {
  *transaction = (sip_id)luaL_checkinteger(L, 2);
  return bind_engine_check(L, 1);
}

/* Names at a stack index, "X-Foo" and the like, as lines with a colon. */
static int add_names(lua_State *L, int index, sip_buffer *out) {
  luaL_checktype(L, index, LUA_TTABLE);
  lua_Integer count = (lua_Integer)lua_rawlen(L, index);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, index, i);
    sip_str name = bind_check_str(L, -1);
    if (sip_str_has_line_break(name)) return SIP_E_INJECTION;
    sip_buffer_add(out, name);
    SIP_BUFFER_ADD(out, ":\r\n");
    lua_pop(L, 1);
  }
  return out->failed ? SIP_E_MEMORY : 0;
}

static lua_Integer check_number(lua_State *L, int index, lua_Integer max) {
  lua_Integer value = luaL_optinteger(L, index, 0);
  luaL_argcheck(L, value >= 0 && value <= max, index, "a number that is not negative");
  return value;
}

enum { TARGET_ARGUMENTS = 10 };

/* uri, via, routes, headers, drop, flow, transport, timeout, group, spare_of from a stack index
 * on; each may be nil. */
static int check_target(lua_State *L, int index, sip_proxy_target *out) {
  int error = 0;
  *out = (sip_proxy_target){.uri = bind_opt_str(L, index),
                            .via = bind_opt_str(L, index + 1),
                            .routes = bind_opt_str(L, index + 2),
                            .timeout_ms = (uint32_t)check_number(L, index + 7, INT32_MAX),
                            .group = (uint32_t)check_number(L, index + 8, INT32_MAX / 2),
                            .spare_of = (uint32_t)check_number(L, index + 9, UINT16_MAX)};
  if (!lua_isnil(L, index + 3)) {
    sip_buffer *lines = bind_new_buffer(L);
    error = bind_add_lines(L, index + 3, lines);
    out->headers = sip_buffer_str(lines);
  }
  if (!error && !lua_isnil(L, index + 4)) {
    sip_buffer *names = bind_new_buffer(L);
    error = add_names(L, index + 4, names);
    out->drop = sip_buffer_str(names);
  }
  if (!lua_isnil(L, index + 5)) out->flow = bind_check_flow(L, index + 5);
  if (!lua_isnil(L, index + 6)) out->transport = bind_check_transport(L, index + 6);
  return error;
}

/* proxy_check(transaction, aimed): 0, or a status and the header its reply needs. */
static int engine_proxy_check(lua_State *L) {
  sip_id transaction;
  bind_engine *self = check_proxied(L, &transaction);
  bool aimed = lua_toboolean(L, 3);
  sip_buffer none = {.failed = true};
  int status = sip_engine_proxy_check(self->engine, transaction, aimed, &none);
  lua_pushinteger(L, status);
  if (status != 420) return 1;
  sip_buffer *lines = bind_new_buffer(L);
  sip_engine_proxy_check(self->engine, transaction, aimed, lines);
  sip_str text = sip_buffer_str(lines);
  size_t colon = sip_str_index(text, ':');
  lua_createtable(L, 2, 0);
  bind_push_str(L, sip_str_make(text.ptr, colon));
  lua_rawseti(L, -2, 1);
  bind_push_str(L, sip_str_trim(sip_str_make(text.ptr + colon + 1, text.len - colon - 1)));
  lua_rawseti(L, -2, 2);
  lua_remove(L, -2);
  return 2;
}

static int engine_proxy_is_routed(lua_State *L) {
  sip_id transaction;
  bind_engine *self = check_proxied(L, &transaction);
  lua_pushboolean(L, sip_engine_proxy_is_routed(self->engine, transaction));
  return 1;
}

/* proxy_watch(transaction): events of its branches from now on. */
static int engine_proxy_watch(lua_State *L) {
  sip_id transaction;
  bind_engine *self = check_proxied(L, &transaction);
  sip_engine_proxy_watch(self->engine, transaction);
  return 0;
}

/* proxy_add(transaction, target ...): the number of the branch, 0 when it is known. */
static int engine_proxy_add(lua_State *L) {
  sip_id transaction;
  bind_engine *self = check_proxied(L, &transaction);
  lua_settop(L, 2 + TARGET_ARGUMENTS);
  sip_proxy_target target;
  uint32_t number = 0;
  int error = check_target(L, 3, &target);
  if (!error) error = sip_engine_proxy_add(self->engine, transaction, &target, &number);
  if (error) return bind_fail(L, error, NULL);
  lua_pushinteger(L, number);
  return 1;
}

static uint8_t check_stay(lua_State *L, int index) {
  static const char *const names[] = {"none", "record_route", "path", NULL};
  return (uint8_t)luaL_checkoption(L, index, "none", names);
}

/* proxy(transaction, message, stay, finish, watch, recursions): the message is forwarded
 * as it is now. */
static int engine_proxy(lua_State *L) {
  sip_id transaction;
  bind_engine *self = check_proxied(L, &transaction);
  sip_proxy_wish wish = {.stay = check_stay(L, 4),
                         .finish = lua_toboolean(L, 5),
                         .watch = lua_toboolean(L, 6),
                         .recursions = (uint16_t)check_number(L, 7, UINT16_MAX)};
  if (!lua_isnil(L, 3)) wish.message = bind_check_changed_message(L, 3);
  int error = sip_engine_proxy(self->engine, bind_engine_now(self), transaction, &wish);
  return bind_engine_done(L, self, error);
}

/* proxy_finish(transaction [, response]) */
static int engine_proxy_finish(lua_State *L) {
  sip_id transaction;
  bind_engine *self = check_proxied(L, &transaction);
  const sip_message *response = lua_isnoneornil(L, 3) ? NULL : bind_check_message(L, 3, NULL);
  int error = sip_engine_proxy_finish(self->engine, bind_engine_now(self), transaction, response);
  return bind_engine_done(L, self, error);
}

/* proxy_cancel(transaction, branch or 0 [, headers]) */
static int engine_proxy_cancel(lua_State *L) {
  sip_id transaction;
  bind_engine *self = check_proxied(L, &transaction);
  lua_settop(L, 4);
  sip_buffer *lines = bind_new_buffer(L);
  int error = bind_add_lines(L, 4, lines);
  uint32_t branch = (uint32_t)check_number(L, 3, UINT16_MAX);
  sip_time now = bind_engine_now(self);
  if (!error) {
    error = sip_engine_proxy_cancel(self->engine, now, transaction, branch, sip_buffer_str(lines));
  }
  return bind_engine_done(L, self, error);
}

/* proxy_uri(transaction, branch): its Request-URI, or nil. */
static int engine_proxy_uri(lua_State *L) {
  sip_id transaction;
  bind_engine *self = check_proxied(L, &transaction);
  uint32_t branch = (uint32_t)check_number(L, 3, UINT16_MAX);
  sip_str uri = sip_engine_proxy_uri(self->engine, transaction, branch);
  if (uri.len == 0) return 0;
  bind_push_str(L, uri);
  return 1;
}

/* proxy_stateless(transaction or 0, message, stay, target ...) */
static int engine_proxy_stateless(lua_State *L) {
  sip_id transaction;
  bind_engine *self = check_proxied(L, &transaction);
  lua_settop(L, 4 + TARGET_ARGUMENTS);
  sip_flow flow;
  sip_proxy_wish wish = {
      .message = bind_check_message(L, 3, &flow), .flow = &flow, .stay = check_stay(L, 4)};
  if (transaction) wish.message = bind_check_changed_message(L, 3);
  sip_proxy_target target;
  int error = check_target(L, 5, &target);
  sip_time now = bind_engine_now(self);
  if (!error) {
    error = sip_engine_proxy_stateless(self->engine, now, transaction, &target, &wish);
  }
  return bind_engine_done(L, self, error);
}

/* refuse(message, status): of a stray */
static int engine_refuse(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_flow flow;
  const sip_message *message = bind_check_message(L, 2, &flow);
  int status = (int)luaL_checkinteger(L, 3);
  luaL_argcheck(L, status >= 300 && status <= 699, 3, "a status from 300 to 699");
  sip_engine_refuse(self->engine, bind_engine_now(self), message, &flow, status);
  bind_engine_acted(L, self);
  return 0;
}

/* domains(list of names) */
static int engine_domains(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  size_t count = lua_rawlen(L, 2);
  sip_str *names = lua_newuserdatauv(L, (count + 1) * sizeof *names, 0);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, 2, (lua_Integer)i + 1);
    names[i] = bind_check_str(L, -1); /* the list keeps it */
    lua_pop(L, 1);
  }
  return bind_engine_done(L, self, sip_engine_set_domains(self->engine, names, count));
}

/* set_node(name, place, is_up) */
static int engine_set_node(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_str name = bind_check_str(L, 2), place = bind_check_str(L, 3);
  bool is_up = lua_toboolean(L, 4);
  int error = sip_engine_set_node(self->engine, bind_engine_now(self), name, place, is_up);
  return bind_engine_done(L, self, error);
}

/* flow_token(flow): the user part of a URI that leads along it. */
static int engine_flow_token(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  const sip_flow *flow = bind_check_flow(L, 2);
  sip_buffer *token = bind_new_buffer(L);
  sip_engine_write_flow_token(self->engine, flow, token);
  if (token->failed) return bind_fail(L, SIP_E_MEMORY, NULL);
  bind_push_str(L, sip_buffer_str(token));
  return 1;
}

/* is_own(uri [, message]): the message says which address it reached. */
static int engine_is_own(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  const sip_uri *uri = bind_check_uri(L, 2);
  sip_flow flow = {0};
  if (!lua_isnoneornil(L, 3)) bind_check_message(L, 3, &flow);
  lua_pushboolean(L, sip_engine_is_own(self->engine, uri, flow.listener ? &flow : NULL));
  return 1;
}

/* The message at the end of the owners of the object at index 1, on top; false when there
 * is none. */
static bool push_message_of(lua_State *L) {
  lua_settop(L, 1);
  while (!bind_class_test(L, -1, bind_message_class)) {
    bool owned =
        bind_class_test(L, -1, bind_uri_class) || bind_class_test(L, -1, bind_address_class);
    if (!owned) return false;
    lua_getiuservalue(L, -1, BIND_OWNER_VALUE);
  }
  return true;
}

int bind_is_local(lua_State *L) {
  bool is_uri = bind_class_test(L, 1, bind_uri_class) != NULL;
  const sip_uri *uri = is_uri ? bind_check_uri(L, 1) : &bind_check_name_addr(L, 1)->uri;
  if (!push_message_of(L)) return 0;
  const bind_message *message = bind_message_at(L, -1);
  if (lua_getiuservalue(L, -1, BIND_MESSAGE_ENGINE) == LUA_TNIL) return 0;
  const bind_engine *engine = bind_engine_check(L, -1);
  const sip_flow *flow = message->has_flow ? &message->flow : NULL;
  lua_pushboolean(L, sip_engine_is_own(engine->engine, uri, flow));
  return 1;
}

/* handles_routed(method, bool); "stray" for what belongs to nothing, "gruu" for what is to a
 * GRUU of ours. */
static int engine_handles_routed(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_str name = bind_check_str(L, 2);
  bool handled = lua_toboolean(L, 3);
  if (sip_str_equal(name, SIP_STR("stray"))) {
    sip_engine_handle_strays(self->engine, handled);
  } else if (sip_str_equal(name, SIP_STR("gruu"))) {
    sip_engine_handle_gruus(self->engine, handled);
  } else {
    sip_engine_handle_routed(self->engine, sip_method_parse(name), handled);
  }
  return 0;
}

const luaL_Reg bind_engine_proxy_methods[] = {{"proxy_check", engine_proxy_check},
                                              {"proxy_is_routed", engine_proxy_is_routed},
                                              {"proxy_watch", engine_proxy_watch},
                                              {"proxy_add", engine_proxy_add},
                                              {"proxy", engine_proxy},
                                              {"proxy_finish", engine_proxy_finish},
                                              {"proxy_cancel", engine_proxy_cancel},
                                              {"proxy_uri", engine_proxy_uri},
                                              {"proxy_stateless", engine_proxy_stateless},
                                              {"refuse", engine_refuse},
                                              {"domains", engine_domains},
                                              {"is_own", engine_is_own},
                                              {"set_node", engine_set_node},
                                              {"flow_token", engine_flow_token},
                                              {"handles_routed", engine_handles_routed},
                                              {NULL, NULL}};
