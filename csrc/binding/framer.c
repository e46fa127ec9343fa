/* SPDX-License-Identifier: MIT
 *
 * core.framer: the cutter of byte streams as a Lua object, for the connections of
 * the test network and for whoever has a stream of its own.
 */
#include "sip/framer.h"

#include <stdlib.h>

#include "base/error.h"
#include "binding/binding.h"

#define FRAMER_CLASS "moonsip.framer"

typedef struct bind_framer {
  sip_alloc alloc;
  sip_buffer buffer;
  sip_framer framer;
  sip_limits limits;
} bind_framer;

static bind_framer *check(lua_State *L) {
  return luaL_checkudata(L, 1, FRAMER_CLASS);
}

/* core.framer(message_size or nil) */
static int framer_new(lua_State *L) {
  lua_Integer size = luaL_optinteger(L, 1, sip_limits_default.message_size);
  luaL_argcheck(L, size > 0 && size <= UINT32_MAX, 1, "bytes of a message");
  bind_framer *self = lua_newuserdatauv(L, sizeof *self, 0);
  sip_alloc_init(&self->alloc, NULL, NULL);
  sip_buffer_init(&self->buffer, &self->alloc, 0);
  sip_framer_init(&self->framer);
  self->limits = sip_limits_default;
  self->limits.message_size = (uint32_t)size;
  luaL_setmetatable(L, FRAMER_CLASS);
  return 1;
}

static int framer_gc(lua_State *L) {
  sip_buffer_deinit(&check(L)->buffer);
  return 0;
}

/* feed(bytes) -> true, or nil and an error */
static int framer_feed(lua_State *L) {
  bind_framer *self = check(L);
  sip_buffer_add(&self->buffer, bind_check_str(L, 2));
  if (self->buffer.failed) return bind_fail(L, SIP_E_MEMORY, NULL);
  lua_pushboolean(L, 1);
  return 1;
}

/* next() -> "message", "ping", "pong" or "error", its bytes, and the error's name;
 * nothing when more bytes must come first. After an error the stream is lost. */
static int framer_next(lua_State *L) {
  static const char *const kinds[] = {[SIP_FRAME_MESSAGE] = "message",
                                      [SIP_FRAME_PING] = "ping",
                                      [SIP_FRAME_PONG] = "pong",
                                      [SIP_FRAME_ERROR] = "error"};
  bind_framer *self = check(L);
  sip_str bytes = sip_buffer_str(&self->buffer);
  sip_frame frame = sip_framer_next(&self->framer, bytes, &self->limits);
  if (frame.kind == SIP_FRAME_MORE) return 0;
  lua_pushstring(L, kinds[frame.kind]);
  bind_push_str(L, sip_str_make(bytes.ptr, frame.len));
  sip_buffer_consume(&self->buffer, frame.len);
  if (frame.kind != SIP_FRAME_ERROR) return 2;
  lua_pushstring(L, sip_error_name(frame.error));
  return 3;
}

/* has_partial() -> whether a message has begun whose end did not come */
static int framer_has_partial(lua_State *L) {
  lua_pushboolean(L, sip_str_trim(sip_buffer_str(&check(L)->buffer)).len > 0);
  return 1;
}

void bind_framer_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"feed", framer_feed},
                                     {"next", framer_next},
                                     {"has_partial", framer_has_partial},
                                     {NULL, NULL}};
  luaL_newmetatable(L, FRAMER_CLASS);
  lua_pushcfunction(L, framer_gc);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, framer_new);
  lua_setfield(L, -2, "framer");
}
