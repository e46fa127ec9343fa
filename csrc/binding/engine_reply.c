/* SPDX-License-Identifier: MIT
 *
 * core.engine: answering.
 */
#include "base/error.h"
#include "binding/engine.h"

/* (transaction, status, reason, headers, content_type, body, to_tag, options), the stack
 * positions 2 to 9 of both replies. options: reliable, and the session timer's. Results: the
 * dialog or 0; of a response that is reliable its RSeq, else 0; whether it waits for a PRACK. */
static int reply(lua_State *L, bool stateless) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_id transaction = (sip_id)luaL_checkinteger(L, 2);
  lua_Integer status = luaL_checkinteger(L, 3);
  luaL_argcheck(L, status >= 100 && status <= 699, 3, "a status from 100 to 699");
  lua_settop(L, 9);
  sip_reply parts = {.status = (int)status,
                     .reason = bind_opt_str(L, 4),
                     .content_type = bind_opt_str(L, 6),
                     .body = bind_opt_str(L, 7),
                     .to_tag = bind_opt_str(L, 8),
                     .stateless = stateless};
  if (lua_istable(L, 9)) {
    lua_getfield(L, 9, "reliable");
    parts.reliable = lua_toboolean(L, -1);
    lua_pop(L, 1);
    parts.session = bind_read_session(L, 9);
  }
  int error = 0;
  if (sip_str_has_line_break(parts.reason) || sip_str_has_line_break(parts.content_type)) {
    error = SIP_E_INJECTION;
  }
  if (lua_type(L, 5) == LUA_TSTRING) {
    parts.headers = bind_check_str(L, 5); /* whole lines, which the core itself wrote */
  } else if (!error && !lua_isnil(L, 5)) {
    sip_buffer *lines = bind_new_buffer(L);
    error = bind_add_lines(L, 5, lines);
    parts.headers = sip_buffer_str(lines);
  }
  sip_replied replied = {0};
  if (!error) {
    sip_time now = bind_engine_now(self);
    error = sip_engine_reply(self->engine, now, transaction, &parts, &replied);
  }
  if (error) return bind_fail(L, error, NULL);
  bind_engine_acted(L, self);
  lua_pushinteger(L, (lua_Integer)replied.dialog);
  lua_pushinteger(L, replied.rseq);
  lua_pushboolean(L, replied.is_held);
  return 3;
}

static int engine_reply(lua_State *L) {
  return reply(L, false);
}

static int engine_reply_stateless(lua_State *L) {
  return reply(L, true);
}

/* check(transaction, also supported or nil): the user agent's checks of a request that is
 * about to be accepted: 0, or a status and the headers its reply needs. */
static int engine_check(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_id transaction = (sip_id)luaL_checkinteger(L, 2);
  sip_str also = bind_opt_str(L, 3);
  sip_buffer none = {.failed = true}; /* most requests pass, and need no lines */
  int status = sip_engine_check(self->engine, transaction, also, &none);
  lua_pushinteger(L, status);
  if (status == 0) return 1;
  sip_buffer *lines = bind_new_buffer(L);
  sip_engine_check(self->engine, transaction, also, lines);
  lua_insert(L, -2);
  if (lines->len == 0) return 1;
  sip_str text = sip_buffer_str(lines); /* "Name: value\r\n" */
  size_t colon = sip_str_index(text, ':');
  lua_createtable(L, 2, 0);
  bind_push_str(L, sip_str_make(text.ptr, colon));
  lua_rawseti(L, -2, 1);
  bind_push_str(L, sip_str_trim(sip_str_make(text.ptr + colon + 1, text.len - colon - 1)));
  lua_rawseti(L, -2, 2);
  return 2;
}

const luaL_Reg bind_engine_reply_methods[] = {{"reply", engine_reply},
                                              {"reply_stateless", engine_reply_stateless},
                                              {"check", engine_check},
                                              {NULL, NULL}};
