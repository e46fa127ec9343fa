/* SPDX-License-Identifier: MIT
 *
 * core.media: audio to and from a script, as strings of 16-bit little-endian samples.
 */
#include "base/error.h"
#include "binding/media.h"
#include "binding/object.h"
#include "media/order.h"

enum {
  PIECE = 1600,            /* samples copied at once */
  READ_MAX = 1 << 24,      /* bytes of one read */
  BUFFER_MS_MAX = 3600000, /* of one direction */
  FULL_SHARE = 10          /* "xoff" when less than a tenth is free */
};

/* stream(id, { rate, what, speak, buffer }) -> verb */
static int stream_new(lua_State *L) {
  static const char *const whats[] = {"in", "out", "both", "stereo", "none", NULL};
  bind_media *self = bind_media_check(L);
  luaL_checktype(L, 3, LUA_TTABLE);
  const media_handle *handle = media_control_find(self->control, bind_media_id(L, 2));
  media_stream_config config = {
      .what = (media_what)bind_option_name(L, 3, "what", "in", whats),
      .speaks = bind_option_flag(L, 3, "speak", true),
      .buffer_ms = (uint32_t)bind_option_integer(L, 3, "buffer", 40, BUFFER_MS_MAX, 20000)};
  lua_Integer rate = handle && handle->rate ? handle->rate : 8000;
  config.rate = (uint32_t)bind_option_integer(L, 3, "rate", 8000, AUDIO_LIVE_RATE_MAX, rate);
  if (config.rate % 1000 != 0) return bind_bad_value(L, "rate", "thousands of Hz expected");
  if (!handle) return bind_media_fail(L, SIP_E_GONE);
  media_verb *verb = media_verb_new(self->control->alloc, MEDIA_STREAM);
  if (!verb) return bind_media_fail(L, SIP_E_MEMORY);
  int error = media_stream_new(self->control->alloc, &config, &verb->stream);
  if (!error) return bind_media_add(L, self, verb);
  media_verb_free(self->control->alloc, verb);
  return bind_media_fail(L, error);
}

/* The stream of (id, verb) at 2 and 3; NULL when it has ended. */
static media_stream *find(lua_State *L, const bind_media *self) {
  media_verb *verb =
      media_control_verb(self->control, bind_media_id(L, 2), bind_media_number(L, 3));
  return verb && verb->kind == MEDIA_STREAM ? verb->stream : NULL;
}

/* read(id, verb [, max_bytes]) -> string */
static int stream_read(lua_State *L) {
  bind_media *self = bind_media_check(L);
  media_stream *stream = find(L, self);
  lua_Integer most = luaL_optinteger(L, 4, READ_MAX);
  luaL_argcheck(L, most >= 2 && most <= READ_MAX, 4, "2 to 16777216 bytes expected");
  if (!stream) return bind_media_fail(L, SIP_E_GONE);
  size_t count = media_ring_count(&stream->heard);
  size_t frame = stream->channels, wanted = (size_t)most / sizeof(int16_t) / frame * frame;
  if (count > wanted) count = wanted;
  luaL_Buffer buffer;
  char *to = luaL_buffinitsize(L, &buffer, count * sizeof(int16_t));
  media_ring_take(&stream->heard, to, count);
  luaL_pushresultsize(&buffer, count * sizeof(int16_t));
  if (count > 0) return 1;
  atomic_store_explicit(&stream->is_told, false, memory_order_release);
  return 1;
}

static size_t room_of(const media_stream *stream) {
  uint64_t waiting = stream->written - atomic_load_explicit(&stream->played, memory_order_acquire);
  return waiting < stream->limit ? (size_t)(stream->limit - waiting) : 0;
}

/* Tells the world to say when there is room, and Lua that there is none. */
static void note_full(lua_State *L, media_stream *stream) {
  if (room_of(stream) * FULL_SHARE >= stream->limit) return;
  bool waited = atomic_exchange_explicit(&stream->waits, true, memory_order_acq_rel);
  if (waited || lua_getiuservalue(L, 1, MEDIA_HANDLER) != LUA_TFUNCTION) return;
  lua_pushliteral(L, "xoff");
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 3);
  lua_call(L, 3, 0);
}

/* write(id, verb, string) -> bytes taken */
static int stream_write(lua_State *L) {
  bind_media *self = bind_media_check(L);
  media_stream *stream = find(L, self);
  sip_str bytes = bind_check_str(L, 4);
  luaL_argcheck(L, bytes.len % sizeof(int16_t) == 0, 4, "whole samples of two bytes expected");
  if (!stream) return bind_media_fail(L, SIP_E_GONE);
  if (!stream->speaks) return bind_media_fail(L, SIP_E_STATE);
  size_t count = bytes.len / sizeof(int16_t), room = room_of(stream);
  if (count > room) count = room;
  count = media_ring_put(&stream->spoken, bytes.ptr, count);
  stream->written += count;
  lua_pushinteger(L, (lua_Integer)(count * sizeof(int16_t)));
  int result = lua_gettop(L);
  note_full(L, stream);
  lua_settop(L, result);
  return 1;
}

/* mark(id, verb, number) */
static int stream_mark(lua_State *L) {
  bind_media *self = bind_media_check(L);
  media_stream *stream = find(L, self);
  lua_Integer number = luaL_checkinteger(L, 4);
  luaL_argcheck(L, number >= 0 && number <= UINT32_MAX, 4, "a number of 32 bits expected");
  if (!stream) return bind_media_fail(L, SIP_E_GONE);
  media_mark mark = {.at = stream->written, .number = (uint32_t)number};
  if (media_ring_put(&stream->marks, &mark, 1) == 0) return bind_media_fail(L, SIP_E_LIMIT);
  lua_pushboolean(L, true);
  return 1;
}

/* clear(id, verb) */
static int stream_clear(lua_State *L) {
  bind_media *self = bind_media_check(L);
  const media_stream *stream = find(L, self);
  if (!stream) return bind_media_fail(L, SIP_E_GONE);
  media_command command = {
      .kind = MEDIA_COMMAND_CLEAR, .number = bind_media_number(L, 3), .count = stream->written};
  int error = media_control_tell(self->control, bind_media_id(L, 2), &command);
  if (error) return bind_media_fail(L, error);
  self->acted(L, self);
  lua_pushboolean(L, true);
  return 1;
}

/* finish(id, verb) */
static int stream_finish(lua_State *L) {
  bind_media *self = bind_media_check(L);
  media_stream *stream = find(L, self);
  if (!stream) return bind_media_fail(L, SIP_E_GONE);
  atomic_store_explicit(&stream->is_finished, true, memory_order_release);
  lua_pushboolean(L, true);
  return 1;
}

const luaL_Reg bind_media_stream_methods[] = {{"stream", stream_new},
                                              {"read", stream_read},
                                              {"write", stream_write},
                                              {"mark", stream_mark},
                                              {"clear", stream_clear},
                                              {"finish", stream_finish},
                                              {NULL, NULL}};
