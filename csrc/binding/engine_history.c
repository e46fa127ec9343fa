/* SPDX-License-Identifier: MIT
 *
 * core.engine: the messages that came and went, as records for Lua (trace.lua).
 */
#include <string.h>

#include "base/error.h"
#include "binding/engine.h"

/* keep_history(bytes): 0 keeps none. */
static int keep_history(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  lua_Integer bytes = luaL_checkinteger(L, 2);
  luaL_argcheck(L, bytes >= 0 && bytes <= UINT32_MAX, 2, "bytes (0 to 4294967295)");
  int error = sip_engine_set_history(self->engine, (size_t)bytes);
  if (error) return bind_fail(L, error, NULL);
  lua_pushboolean(L, 1);
  return 1;
}

static bool contains(sip_str text, sip_str part) {
  if (part.len == 0) return true;
  for (size_t at = 0; part.len <= text.len - at; at++) {
    const char *first = memchr(text.ptr + at, part.ptr[0], text.len - at - part.len + 1);
    if (!first) return false;
    at = (size_t)(first - text.ptr);
    if (memcmp(first, part.ptr, part.len) == 0) return true;
  }
  return false;
}

static void push_record(lua_State *L, const sip_record *record) {
  const sip_flow *flow = &record->flow;
  lua_createtable(L, 0, 6);
  lua_pushinteger(L, (lua_Integer)record->at);
  lua_setfield(L, -2, "at");
  lua_pushstring(L, record->is_out ? "out" : "in");
  lua_setfield(L, -2, "direction");
  bind_push_str(L, sip_transport_uri_name(flow->transport));
  lua_setfield(L, -2, "transport");
  bind_push_sockaddr(L, record->is_out ? &flow->local : &flow->remote);
  lua_setfield(L, -2, "from");
  bind_push_sockaddr(L, record->is_out ? &flow->remote : &flow->local);
  lua_setfield(L, -2, "to");
  bind_push_str(L, record->bytes);
  lua_setfield(L, -2, "bytes");
}

/* history(after or 0, text or nil) -> records, number: those kept with a greater
 * number that contain the text, oldest first, and the number of the last one kept. */
static int history(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  lua_Integer after = luaL_optinteger(L, 2, 0);
  luaL_argcheck(L, after >= 0, 2, "a number that history returned, or 0");
  sip_str text = bind_opt_str(L, 3);
  sip_history_cursor cursor = {0};
  if (self->cursor.next == (uint64_t)after + 1) cursor = self->cursor;
  sip_record record;
  lua_Integer count = 0, number = after;
  lua_newtable(L);
  while (sip_engine_next_record(self->engine, &cursor, &record)) {
    number = (lua_Integer)record.number;
    if (number <= after || !contains(record.bytes, text)) continue;
    push_record(L, &record);
    lua_rawseti(L, -2, ++count);
  }
  self->cursor = cursor;
  lua_pushinteger(L, number);
  return 2;
}

const luaL_Reg bind_engine_history_methods[] = {
    {"keep_history", keep_history}, {"history", history}, {NULL, NULL}};
