/* SPDX-License-Identifier: MIT
 *
 * The class core.media: its life, and events on their way to Lua.
 */
#include "binding/media.h"

#include "base/error.h"
#include "media/order.h"
#include "net/error.h"

bind_media *bind_media_test(lua_State *L) {
  return luaL_checkudata(L, 1, MEDIA_CLASS);
}

bind_media *bind_media_check(lua_State *L) {
  bind_media *self = bind_media_test(L);
  luaL_argcheck(L, self->control, 1, "media is closed");
  return self;
}

bind_media *bind_media_push(lua_State *L, int host_index, media_control *control) {
  host_index = lua_absindex(L, host_index);
  bind_media *self = lua_newuserdatauv(L, sizeof *self, MEDIA_VALUES);
  *self = (bind_media){.control = control};
  luaL_setmetatable(L, MEDIA_CLASS);
  lua_pushvalue(L, host_index);
  lua_setiuservalue(L, -2, MEDIA_HOST);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_setiuservalue(L, -2, MEDIA_CLIPS);
  lua_newtable(L);
  lua_setiuservalue(L, -2, MEDIA_LOADS);
  return self;
}

int bind_media_fail(lua_State *L, int error) {
  return bind_fail(L, error, NULL);
}

/* close([id]) */
static int media_close(lua_State *L) {
  bind_media *self = bind_media_test(L);
  if (!lua_isnoneornil(L, 2)) {
    self = bind_media_check(L);
    int error = media_control_close(self->control, bind_media_id(L, 2));
    if (error) return bind_media_fail(L, error);
    self->acted(L, self);
  } else if (self->control) {
    media_control *control = self->control;
    self->control = NULL;
    media_control_close_all(control, self);
    self->closing(L, self);
  }
  lua_pushboolean(L, true);
  return 1;
}

static int media_gc(lua_State *L) {
  lua_settop(L, 1);
  return media_close(L);
}

/* on_event(fn | nil) */
static int media_on_event(lua_State *L) {
  bind_media_test(L);
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, MEDIA_HANDLER);
  return 0;
}

/* --- Events ----------------------------------------------------------------------- */

static const char *event_name(media_event_kind kind) {
  static const char *const names[] = {
      [MEDIA_EVENT_LATCHED] = "latched", [MEDIA_EVENT_ACTIVITY] = "activity",
      [MEDIA_EVENT_DIGIT] = "digit",     [MEDIA_EVENT_INACTIVITY] = "inactivity",
      [MEDIA_EVENT_TALK] = "talk",       [MEDIA_EVENT_SILENCE] = "silence",
      [MEDIA_EVENT_BYE] = "bye",         [MEDIA_EVENT_CLOSED] = "closed",
      [MEDIA_EVENT_HEARD] = "heard",     [MEDIA_EVENT_FRAMES] = "frames",
      [MEDIA_EVENT_MARK] = "mark",       [MEDIA_EVENT_XON] = "xon",
      [MEDIA_EVENT_END] = "end"};
  return names[kind];
}

static void set_integer(lua_State *L, const char *name, uint64_t value) {
  lua_pushinteger(L, (lua_Integer)value);
  lua_setfield(L, -2, name);
}

static void set_error(lua_State *L, const media_recorder *recorder) {
  int error = atomic_load_explicit(&recorder->error, memory_order_relaxed);
  bind_fail(L, error ? error : SIP_E_LIMIT, error ? NULL : "the disk is too slow");
  lua_setfield(L, -3, "err");
  lua_pop(L, 1);
}

static void set_recorded(lua_State *L, const media_verb *verb) {
  const media_recorder *recorder = verb->recording.recorder;
  set_integer(L, "ms", media_recorder_ms(recorder));
  set_integer(L, "bytes", recorder->data);
  if (verb->why == MEDIA_WHY_IO) set_error(L, recorder);
}

/* What there is to say of the verb that ended. */
static void push_info(lua_State *L, const media_verb *verb) {
  const media_result *result = &verb->result;
  lua_createtable(L, 0, 4);
  set_integer(L, "ms", result->ms);
  if (verb->kind == MEDIA_RECORD || verb->kind == MEDIA_MONITOR) set_recorded(L, verb);
  if (verb->kind == MEDIA_STREAM) set_integer(L, "dropped", result->trim_ms);
  lua_pushlstring(L, result->digits, result->count);
  lua_setfield(L, -2, "digits");
  if (result->key) {
    lua_pushlstring(L, &result->key, 1);
    lua_setfield(L, -2, "key");
  }
  if (verb->kind == MEDIA_GATHER) {
    lua_pushboolean(L, result->barged);
    lua_setfield(L, -2, "barged");
  }
}

static int push_digit(lua_State *L, const media_event *event) {
  static const char *const ways[] = {
      [MEDIA_DIGIT_EVENT] = "event", [MEDIA_DIGIT_INFO] = "info", [MEDIA_DIGIT_INBAND] = "inband"};
  lua_pushlstring(L, &event->digit.digit, 1);
  lua_pushstring(L, ways[event->digit.way]);
  return 2;
}

/* What follows kind and id. */
static int push_details(lua_State *L, media_control *control, const media_event *event) {
  switch (event->kind) {
  case MEDIA_EVENT_LATCHED:
    bind_push_ip(L, &event->address);
    lua_pushinteger(L, event->address.port);
    return 2;
  case MEDIA_EVENT_DIGIT:
    return push_digit(L, event);
  case MEDIA_EVENT_CLOSED:
    bind_media_push_stats(L, control, event->id);
    return 1;
  case MEDIA_EVENT_HEARD:
    lua_pushinteger(L, event->number);
    lua_pushstring(L, media_why_name(event->why));
    lua_pushinteger(L, (lua_Integer)event->ms);
    return 3;
  case MEDIA_EVENT_END: {
    const media_verb *verb = (const media_verb *)(const void *)event->parcel;
    lua_pushinteger(L, event->number);
    lua_pushstring(L, media_why_name(verb->why));
    push_info(L, verb);
    return 3;
  }
  case MEDIA_EVENT_FRAMES:
  case MEDIA_EVENT_MARK:
  case MEDIA_EVENT_XON:
    lua_pushinteger(L, event->number);
    return 1;
  default:
    return 0;
  }
}

int bind_media_push_event(lua_State *L, int media_index, media_control *control,
                          const media_event *event) {
  if (lua_getiuservalue(L, media_index, MEDIA_HANDLER) != LUA_TFUNCTION) {
    lua_pop(L, 1);
    return 0;
  }
  lua_pushstring(L, event_name(event->kind));
  lua_pushinteger(L, (lua_Integer)event->id);
  return 2 + push_details(L, control, event);
}

/* Marks come many at once, each an event of its own: fn, kind, id, number, mark, cleared. */
static void tell_marks(lua_State *L, media_control *control, const media_event *event,
                       int media_index) {
  media_verb *verb = media_control_verb(control, event->id, event->number);
  media_mark mark;
  while (verb && media_ring_take(&verb->stream->passed, &mark, 1) == 1) {
    int count = bind_media_push_event(L, media_index, control, event);
    if (count == 0) continue;
    lua_pushinteger(L, mark.number);
    lua_pushboolean(L, mark.is_cleared);
    lua_call(L, count + 2, 0);
    verb = media_control_verb(control, event->id, event->number);
  }
}

void bind_media_tell(lua_State *L, media_control *control, bind_media_of media_of) {
  media_event event;
  void *owner;
  while (media_control_next(control, &event, &owner)) {
    int top = lua_gettop(L), count = 0;
    bool has_owner = media_of(L, owner);
    bool is_mark = event.kind == MEDIA_EVENT_MARK;
    if (has_owner && !is_mark) count = bind_media_push_event(L, top + 1, control, &event);
    media_control_settle(control, &event); /* before Lua, which may raise */
    if (has_owner && is_mark) tell_marks(L, control, &event, top + 1);
    if (count > 0) lua_call(L, count, 0);
    lua_settop(L, top);
  }
}

/* --- The class -------------------------------------------------------------------- */

/* core.media_codecs() -> { { name, rate, channels, payload_type }, ... } */
static int media_codecs(lua_State *L) {
  audio_codecs codecs;
  audio_codecs_init(&codecs);
  lua_createtable(L, (int)codecs.count, 0);
  for (size_t i = 0; i < codecs.count; i++) {
    const audio_codec *codec = codecs.list[i];
    lua_createtable(L, 0, 4);
    bind_push_str(L, codec->name);
    lua_setfield(L, -2, "name");
    set_integer(L, "rate", codec->clock_rate);
    set_integer(L, "channels", codec->channels);
    if (codec->payload_type != AUDIO_DYNAMIC) set_integer(L, "payload_type", codec->payload_type);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* core.media_missing(name) -> what to install for that codec, or nil */
static int media_missing(lua_State *L) {
  const char *text = audio_codec_missing(bind_check_str(L, 1));
  if (!text) return 0;
  lua_pushstring(L, text);
  return 1;
}

/* core.media_tone(text) -> true | nil, err */
static int media_tone(lua_State *L) {
  audio_tone tone;
  audio_tone_error error;
  if (audio_tone_parse(bind_check_str(L, 1), &tone, &error)) {
    lua_pushboolean(L, true);
    return 1;
  }
  return bind_fail(L, SIP_E_INVALID,
                   lua_pushfstring(L, "%s, at byte %d", error.what, (int)error.at + 1));
}

static const luaL_Reg methods[] = {
    {"close", media_close}, {"on_event", media_on_event}, {NULL, NULL}};

static const luaL_Reg functions[] = {{"media_codecs", media_codecs},
                                     {"media_missing", media_missing},
                                     {"media_tone", media_tone},
                                     {NULL, NULL}};

void bind_media_open(lua_State *L) {
  luaL_newmetatable(L, MEDIA_CLASS);
  lua_pushcfunction(L, media_gc);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, media_gc);
  lua_setfield(L, -2, "__close");
  luaL_newlib(L, methods);
  luaL_setfuncs(L, bind_media_session_methods, 0);
  luaL_setfuncs(L, bind_media_verb_methods, 0);
  luaL_setfuncs(L, bind_media_record_methods, 0);
  luaL_setfuncs(L, bind_media_stream_methods, 0);
  luaL_setfuncs(L, bind_media_together_methods, 0);
  luaL_setfuncs(L, bind_media_clip_methods, 0);
  luaL_setfuncs(L, bind_media_thread_methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
  bind_media_clip_open(L);
  bind_media_fabric_open(L);
  bind_media_thread_open(L);
}
