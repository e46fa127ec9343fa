/* SPDX-License-Identifier: MIT
 *
 * core.engine: subscriptions, for notifiers and subscribers (RFC 6665).
 */
#include "sip/subscription.h"

#include "base/error.h"
#include "binding/engine.h"

static sip_str text_field(lua_State *L, int index, const char *name) {
  lua_getfield(L, index, name);
  if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING) {
    luaL_error(L, "bad option '%s' (a string expected, got %s)", name, luaL_typename(L, -1));
  }
  sip_str text = bind_opt_str(L, -1);
  lua_pop(L, 1); /* the table keeps it */
  return text;
}

static lua_Integer number_field(lua_State *L, int index, const char *name) {
  lua_getfield(L, index, name);
  lua_Integer value = luaL_optinteger(L, -1, 0);
  if (value < 0 || value > UINT32_MAX) luaL_error(L, "bad option '%s'", name);
  lua_pop(L, 1);
  return value;
}

/* Header lines of the field `headers`: into a buffer that stays on the stack. */
static int read_lines(lua_State *L, int index, sip_str *out) {
  lua_getfield(L, index, "headers");
  if (lua_isnil(L, -1)) return 0;
  int headers = lua_gettop(L);
  sip_buffer *lines = bind_new_buffer(L);
  int error = bind_add_lines(L, headers, lines);
  *out = sip_buffer_str(lines);
  return error;
}

/* The document of body, content type and the offset (from 0) where its number goes, at these
 * indices; without a body there is none. */
static int make_document(lua_State *L, bind_engine *self, int body, sip_document *out) {
  *out = (sip_document){0};
  if (lua_isnoneornil(L, body)) return 0;
  sip_str text = bind_check_str(L, body), type = bind_opt_str(L, body + 1);
  if (sip_str_has_line_break(type)) return SIP_E_INJECTION;
  lua_Integer at = luaL_optinteger(L, body + 2, -1);
  luaL_argcheck(L, at <= (lua_Integer)text.len, body + 2, "behind the end of the body");
  *out = sip_document_make(self->engine, type, text);
  out->is_numbered = at >= 0;
  out->number_at = at >= 0 ? (uint32_t)at : 0;
  return out->packet ? 0 : SIP_E_MEMORY;
}

/* accept(transaction, { least, most, default, interval, pending, event, headers }, body, type,
 * number_at) -> subscription | 0, status | nil, err */
static int engine_accept(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_id transaction = (sip_id)luaL_checkinteger(L, 2), subscription = 0;
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_settop(L, 6);
  sip_acceptance wish = {.least_s = (uint32_t)number_field(L, 3, "least"),
                         .most_s = (uint32_t)number_field(L, 3, "most"),
                         .default_s = (uint32_t)number_field(L, 3, "default"),
                         .interval_ms = (uint32_t)number_field(L, 3, "interval"),
                         .event = text_field(L, 3, "event")};
  lua_getfield(L, 3, "pending");
  wish.is_pending = lua_toboolean(L, -1);
  if (sip_str_has_line_break(wish.event)) return bind_fail(L, SIP_E_INJECTION, NULL);
  int error = read_lines(L, 3, &wish.headers);
  if (!error) error = make_document(L, self, 4, &wish.document);
  sip_time now = bind_engine_now(self);
  if (!error) error = sip_engine_accept(self->engine, now, transaction, &wish, &subscription);
  sip_document_release(&wish.document);
  if (error < 0) return bind_fail(L, error, NULL);
  bind_engine_acted(L, self);
  lua_pushinteger(L, (lua_Integer)subscription);
  lua_pushinteger(L, error ? error : 200);
  return 2;
}

/* notify(subscription or a set of them as keys, body, type, number_at): how many were told */
static int engine_notify(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  lua_settop(L, 5);
  sip_document document;
  int error = make_document(L, self, 3, &document), told = 0;
  if (error) return bind_fail(L, error, NULL);
  sip_time now = bind_engine_now(self);
  if (lua_istable(L, 2)) {
    lua_pushnil(L);
    while (lua_next(L, 2)) {
      lua_pop(L, 1);
      sip_id id = (sip_id)lua_tointeger(L, -1);
      if (sip_engine_notify(self->engine, now, id, &document) == 0) told++;
    }
  } else {
    error = sip_engine_notify(self->engine, now, (sip_id)luaL_checkinteger(L, 2), &document);
    told = error == 0;
  }
  sip_document_release(&document);
  if (error) return bind_fail(L, error, NULL);
  bind_engine_acted(L, self);
  lua_pushinteger(L, told);
  return 1;
}

static int engine_grant(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_id id = (sip_id)luaL_checkinteger(L, 2);
  return bind_engine_done(L, self, sip_engine_grant(self->engine, bind_engine_now(self), id));
}

/* terminate(subscription, reason, retry_after, body, type) */
static int engine_terminate(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_id id = (sip_id)luaL_checkinteger(L, 2);
  sip_subscription_reason reason = sip_subscription_reason_parse(bind_opt_str(L, 3));
  luaL_argcheck(L, reason != SIP_SUBSCRIPTION_OTHER, 3, "no reason of RFC 6665 4.1.3");
  lua_Integer after = luaL_optinteger(L, 4, 0);
  luaL_argcheck(L, after >= 0 && after <= UINT32_MAX, 4, "seconds expected");
  lua_settop(L, 6);
  sip_termination how = {.reason = reason, .retry_after_s = (uint32_t)after};
  int error = make_document(L, self, 5, &how.document);
  sip_time now = bind_engine_now(self);
  if (!error) error = sip_engine_terminate(self->engine, now, id, &how);
  sip_document_release(&how.document);
  return bind_engine_done(L, self, error);
}

/* watch{ call_id, from_tag, event, headers, expires, dialog } -> subscription | nil, err */
static int engine_watch(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  sip_watch watch = {.call_id = text_field(L, 2, "call_id"),
                     .from_tag = text_field(L, 2, "from_tag"),
                     .event = text_field(L, 2, "event"),
                     .expires_s = (uint32_t)number_field(L, 2, "expires")};
  lua_getfield(L, 2, "dialog");
  watch.dialog = (sip_id)luaL_optinteger(L, -1, 0);
  sip_id subscription = 0;
  int error = read_lines(L, 2, &watch.headers);
  sip_time now = bind_engine_now(self);
  if (!error) error = sip_engine_watch(self->engine, now, &watch, &subscription);
  return bind_engine_made(L, self, error, subscription);
}

static int engine_unsubscribe(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_id id = (sip_id)luaL_checkinteger(L, 2);
  return bind_engine_done(L, self, sip_engine_unsubscribe(self->engine, bind_engine_now(self), id));
}

/* resubscribe(subscription, expires) */
static int engine_resubscribe(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_id id = (sip_id)luaL_checkinteger(L, 2);
  lua_Integer expires = luaL_optinteger(L, 3, 0);
  luaL_argcheck(L, expires >= 0 && expires <= UINT32_MAX, 3, "seconds expected");
  sip_time now = bind_engine_now(self);
  return bind_engine_done(L, self,
                          sip_engine_resubscribe(self->engine, now, id, (uint32_t)expires));
}

/* prove(subscription, headers) */
static int engine_prove(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_id id = (sip_id)luaL_checkinteger(L, 2);
  lua_settop(L, 3);
  sip_buffer *lines = bind_new_buffer(L);
  int error = bind_add_lines(L, 3, lines);
  sip_time now = bind_engine_now(self);
  if (!error) error = sip_engine_prove(self->engine, now, id, sip_buffer_str(lines));
  return bind_engine_done(L, self, error);
}

/* hear_refreshes(subscription, wanted) */
static int engine_hear_refreshes(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_id id = (sip_id)luaL_checkinteger(L, 2);
  return bind_engine_done(L, self,
                          sip_engine_hear_refreshes(self->engine, id, lua_toboolean(L, 3)));
}

static int engine_subscription_drop(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_engine_subscription_drop(self->engine, bind_engine_now(self),
                               (sip_id)luaL_checkinteger(L, 2));
  return 0;
}

static int engine_subscription_info(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_subscription_info info;
  sip_id id = (sip_id)luaL_checkinteger(L, 2);
  int error = sip_engine_subscription_info(self->engine, id, &info);
  if (error) return bind_fail(L, error, NULL);
  lua_createtable(L, 0, 5);
  lua_pushboolean(L, info.is_notifier);
  lua_setfield(L, -2, "is_notifier");
  lua_pushstring(L, info.state);
  lua_setfield(L, -2, "state");
  bind_push_str(L, info.event);
  lua_setfield(L, -2, "event");
  lua_pushinteger(L, info.left_s);
  lua_setfield(L, -2, "left");
  if (info.dialog) {
    lua_pushinteger(L, (lua_Integer)info.dialog);
    lua_setfield(L, -2, "dialog");
  }
  return 1;
}

const luaL_Reg bind_engine_subscription_methods[] = {
    {"accept", engine_accept},
    {"notify", engine_notify},
    {"grant", engine_grant},
    {"terminate", engine_terminate},
    {"watch", engine_watch},
    {"unsubscribe", engine_unsubscribe},
    {"resubscribe", engine_resubscribe},
    {"prove", engine_prove},
    {"hear_refreshes", engine_hear_refreshes},
    {"subscription_drop", engine_subscription_drop},
    {"subscription_info", engine_subscription_info},
    {NULL, NULL}};
