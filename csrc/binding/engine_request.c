/* SPDX-License-Identifier: MIT
 *
 * core.engine: asking, and the dialogs it asks in.
 */
#include "base/error.h"
#include "binding/engine.h"

static sip_str text_field(lua_State *L, int index, const char *name) {
  lua_getfield(L, index, name);
  if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING) {
    luaL_error(L, "bad option '%s' (a string expected, got %s)", name, luaL_typename(L, -1));
  }
  sip_str text = bind_opt_str(L, -1);
  lua_pop(L, 1);
  return text;
}

static lua_Integer number_field(lua_State *L, int index, const char *name, lua_Integer max) {
  lua_getfield(L, index, name);
  lua_Integer value = 0;
  if (!lua_isnil(L, -1)) {
    int is_integer = 0;
    value = lua_tointegerx(L, -1, &is_integer);
    if (!is_integer || value < 0 || value > max) {
      luaL_error(L, "bad option '%s' (0 to %I expected)", name, (LUAI_UACINT)max);
    }
  }
  lua_pop(L, 1);
  return value;
}

static bool flag_field(lua_State *L, int index, const char *name) {
  lua_getfield(L, index, name);
  bool flag = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return flag;
}

sip_session_wish bind_read_session(lua_State *L, int index) {
  static const char *const names[] = {"either", "us", "them", NULL};
  sip_session_wish wish = {
      .interval_s = (uint32_t)number_field(L, index, "session_expires", UINT32_MAX),
      .min_s = (uint32_t)number_field(L, index, "min_se", UINT32_MAX)};
  lua_getfield(L, index, "refresher");
  wish.refresher = (sip_refreshes)luaL_checkoption(L, lua_gettop(L), names[0], names);
  lua_pop(L, 1);
  if (flag_field(L, index, "no_timer")) wish.interval_s = SIP_SESSION_NEVER;
  return wish;
}

static void read_destination(lua_State *L, int index, sip_request *request) {
  sip_str transport = text_field(L, index, "transport");
  if (transport.len) {
    request->transport = sip_transport_parse(transport);
    if (request->transport == SIP_TRANSPORT_OTHER) luaL_error(L, "bad option 'transport'");
  }
  request->connection = (sip_id)number_field(L, index, "connection", LUA_MAXINTEGER);
  request->listener = (uint32_t)number_field(L, index, "listener", UINT32_MAX);
  sip_str ip = text_field(L, index, "ip");
  if (ip.len == 0) return;
  lua_Integer port = number_field(L, index, "port", UINT16_MAX);
  if (port == 0) port = sip_transport_default_port(request->transport);
  if (!sip_sockaddr_parse(ip, (uint16_t)port, &request->destination)) {
    luaL_error(L, "bad option 'ip' (an IP address expected)");
  }
}

/* The fields of a request table. Their strings stay valid while the table does. 0, or
 * an error of bind_add_lines. */
static int read_request(lua_State *L, int index, sip_request *request) {
  luaL_checktype(L, index, LUA_TTABLE);
  *request = (sip_request){.method = text_field(L, index, "method"),
                           .uri = text_field(L, index, "uri"),
                           .from = text_field(L, index, "from"),
                           .to = text_field(L, index, "to"),
                           .call_id = text_field(L, index, "call_id"),
                           .from_tag = text_field(L, index, "from_tag"),
                           .cseq = (uint32_t)number_field(L, index, "cseq", INT32_MAX),
                           .routes = text_field(L, index, "routes"),
                           .contact = text_field(L, index, "contact"),
                           .contact_params = text_field(L, index, "contact_params"),
                           .contact_uri_params = text_field(L, index, "contact_uri_params"),
                           .content_type = text_field(L, index, "content_type"),
                           .body = text_field(L, index, "body"),
                           .timeout_ms = (uint32_t)number_field(L, index, "timeout", INT32_MAX),
                           .session = bind_read_session(L, index),
                           .own_ack = flag_field(L, index, "own_ack"),
                           .own_prack = flag_field(L, index, "own_prack"),
                           .keep = flag_field(L, index, "keep"),
                           .no_tcp = flag_field(L, index, "no_tcp"),
                           .orphan = flag_field(L, index, "orphan")};
  request->subscription = (sip_id)number_field(L, index, "subscription", LUA_MAXINTEGER);
  read_destination(L, index, request);
  lua_getfield(L, index, "headers");
  if (lua_isnil(L, -1)) return 0;
  int headers = lua_gettop(L);
  sip_buffer *lines = bind_new_buffer(L);
  int error = bind_add_lines(L, headers, lines);
  request->headers = sip_buffer_str(lines);
  return error;
}

static int engine_request(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_request request;
  sip_id transaction = 0;
  int error = read_request(L, 2, &request);
  sip_time now = bind_engine_now(self);
  if (!error) error = sip_engine_request(self->engine, now, &request, &transaction);
  return bind_engine_made(L, self, error, transaction);
}

static int engine_dialog_request(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_id dialog = (sip_id)luaL_checkinteger(L, 2);
  sip_request request;
  sip_id transaction = 0;
  int error = read_request(L, 3, &request);
  sip_time now = bind_engine_now(self);
  if (!error) {
    error = sip_engine_dialog_request(self->engine, now, dialog, &request, &transaction);
  }
  return bind_engine_made(L, self, error, transaction);
}

static int engine_ack(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_id dialog = (sip_id)luaL_checkinteger(L, 2);
  lua_settop(L, 3);
  if (lua_isnil(L, 3)) lua_newtable(L), lua_replace(L, 3);
  sip_request request;
  int error = read_request(L, 3, &request);
  if (!error) error = sip_engine_ack(self->engine, bind_engine_now(self), dialog, &request);
  return bind_engine_done(L, self, error);
}

static int engine_cancel(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_id transaction = (sip_id)luaL_checkinteger(L, 2);
  lua_settop(L, 3);
  sip_buffer *lines = bind_new_buffer(L);
  int error = bind_add_lines(L, 3, lines);
  sip_time now = bind_engine_now(self);
  if (!error) error = sip_engine_cancel(self->engine, now, transaction, sip_buffer_str(lines));
  return bind_engine_done(L, self, error);
}

static void set_text(lua_State *L, const char *name, sip_str text) {
  bind_push_str(L, text);
  lua_setfield(L, -2, name);
}

/* The fields of a session timer, where there is one. */
static void set_session(lua_State *L, const sip_dialog_info *info) {
  if (!info->session_s) return;
  lua_pushinteger(L, info->session_s);
  lua_setfield(L, -2, "session_expires");
  lua_pushboolean(L, info->session_is_ours);
  lua_setfield(L, -2, "session_is_ours");
  lua_pushinteger(L, info->session_ends_at);
  lua_setfield(L, -2, "session_ends_at");
}

static int engine_dialog_info(lua_State *L) {
  static const char *const states[] = {"early", "confirmed", "terminated"};
  bind_engine *self = bind_engine_check(L, 1);
  sip_dialog_info info;
  int error = sip_engine_dialog_info(self->engine, (sip_id)luaL_checkinteger(L, 2), &info);
  if (error) return bind_fail(L, error, NULL);
  lua_createtable(L, 0, 20);
  lua_pushstring(L, states[info.state]);
  lua_setfield(L, -2, "state");
  lua_pushboolean(L, info.is_uas);
  lua_setfield(L, -2, "is_uas");
  lua_pushboolean(L, info.secure);
  lua_setfield(L, -2, "secure");
  lua_pushboolean(L, info.by_usages);
  lua_setfield(L, -2, "by_usages");
  lua_pushboolean(L, info.owes_ack);
  lua_setfield(L, -2, "owes_ack");
  lua_pushboolean(L, info.peer_updates);
  lua_setfield(L, -2, "peer_updates");
  lua_pushboolean(L, info.peer_renames);
  lua_setfield(L, -2, "peer_renames");
  lua_pushboolean(L, info.peer_tdialog);
  lua_setfield(L, -2, "peer_tdialog");
  set_session(L, &info);
  set_text(L, "call_id", info.call_id);
  set_text(L, "local_tag", info.local_tag);
  set_text(L, "remote_tag", info.remote_tag);
  set_text(L, "local_uri", info.local_uri);
  set_text(L, "remote_uri", info.remote_uri);
  set_text(L, "target", info.target);
  set_text(L, "routes", info.routes);
  lua_pushinteger(L, info.local_cseq);
  lua_setfield(L, -2, "local_cseq");
  lua_pushinteger(L, info.remote_cseq);
  lua_setfield(L, -2, "remote_cseq");
  return 1;
}

/* session_timer { session_expires, min_se, refresher }: of dialogs that say nothing else */
static int engine_session_timer(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  sip_session_wish wish = bind_read_session(L, 2);
  if (wish.interval_s == SIP_SESSION_NEVER) wish.interval_s = 0;
  sip_engine_set_session_timer(self->engine, &wish);
  return 0;
}

/* find_dialog(call_id, local_tag, remote_tag) -> dialog | nil */
static int engine_find_dialog(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_id id = sip_engine_dialog_find(self->engine, bind_check_str(L, 2), bind_check_str(L, 3),
                                     bind_check_str(L, 4));
  if (id == 0) return 0;
  lua_pushinteger(L, (lua_Integer)id);
  return 1;
}

/* dialog_ended(call_id, local_tag, remote_tag): true for a call's dialog that ended of late */
static int engine_dialog_ended(lua_State *L) {
  const bind_engine *self = bind_engine_check(L, 1);
  bool ended = sip_engine_dialog_ended(self->engine, bind_check_str(L, 2), bind_check_str(L, 3),
                                       bind_check_str(L, 4));
  lua_pushboolean(L, ended);
  return 1;
}

static int engine_awaits_ack(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  lua_pushboolean(L, sip_engine_awaits_ack(self->engine, (sip_id)luaL_checkinteger(L, 2)));
  return 1;
}

static int engine_dialog_drop(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_engine_dialog_drop(self->engine, bind_engine_now(self), (sip_id)luaL_checkinteger(L, 2));
  return 0;
}

/* A token for a name of the script's own: unique as tags are. */
static int engine_token(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  char text[SIP_ENGINE_TOKEN_MAX];
  lua_pushlstring(L, text, sip_engine_token(self->engine, text));
  return 1;
}

const luaL_Reg bind_engine_request_methods[] = {{"request", engine_request},
                                                {"dialog_request", engine_dialog_request},
                                                {"ack", engine_ack},
                                                {"cancel", engine_cancel},
                                                {"dialog_info", engine_dialog_info},
                                                {"session_timer", engine_session_timer},
                                                {"find_dialog", engine_find_dialog},
                                                {"dialog_ended", engine_dialog_ended},
                                                {"awaits_ack", engine_awaits_ack},
                                                {"dialog_drop", engine_dialog_drop},
                                                {"token", engine_token},
                                                {NULL, NULL}};
