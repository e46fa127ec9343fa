/* SPDX-License-Identifier: MIT
 *
 * Clips: sound files as loaded, and samples by hand.
 */
#include "base/error.h"
#include "binding/media.h"
#include "binding/object.h"

#define CLIP_CLASS "moonsip.clip"

enum { CLIP_PATH = 1, CLIP_VALUES = CLIP_PATH };

typedef struct bind_clip {
  audio_clip *clip;
  int64_t changed_at; /* of the file */
  uint64_t bytes;
} bind_clip;

audio_clip *bind_media_test_clip(lua_State *L, int index) {
  const bind_clip *self = luaL_testudata(L, index, CLIP_CLASS);
  return self ? self->clip : NULL;
}

/* A userdata without a clip yet. */
static bind_clip *push_clip(lua_State *L) {
  bind_clip *self = lua_newuserdatauv(L, sizeof *self, CLIP_VALUES);
  *self = (bind_clip){0};
  luaL_setmetatable(L, CLIP_CLASS);
  return self;
}

static int clip_gc(lua_State *L) {
  bind_clip *self = luaL_checkudata(L, 1, CLIP_CLASS);
  audio_clip_unref(self->clip);
  self->clip = NULL;
  return 0;
}

/* --- What is wanted of it --------------------------------------------------------- */

/* The codec's name or the rate at the top of the stack; false: no such codec here. */
static bool take_wanted(lua_State *L, const audio_codecs *codecs, audio_rendering *out) {
  *out = (audio_rendering){.ptime_ms = MEDIA_FRAME_MS};
  if (lua_isinteger(L, -1)) {
    lua_Integer rate = lua_tointeger(L, -1);
    if (rate < 8000 || rate > AUDIO_LIVE_RATE_MAX) bind_bad_value(L, "wanted", "a rate in Hz");
    out->settings.sample_rate = (uint32_t)rate;
    return true;
  }
  if (lua_type(L, -1) != LUA_TSTRING) bind_bad_value(L, "wanted", "codecs and rates expected");
  sip_str name = {0};
  name.ptr = lua_tolstring(L, -1, &name.len);
  out->codec = audio_codecs_find(codecs, name, 0, 0);
  if (!out->codec) return false;
  out->settings.sample_rate = media_voice_rate(out->codec);
  return true;
}

static size_t take_all(lua_State *L, int index, const audio_codecs *codecs, audio_rendering *out) {
  size_t count = 0;
  if (lua_isnoneornil(L, index)) {
    lua_createtable(L, 3, 0);
    lua_pushliteral(L, "PCMU");
    lua_rawseti(L, -2, 1);
    lua_pushliteral(L, "PCMA");
    lua_rawseti(L, -2, 2);
    lua_pushinteger(L, 8000);
    lua_rawseti(L, -2, 3);
    lua_replace(L, index);
  }
  luaL_checktype(L, index, LUA_TTABLE);
  lua_Integer len = luaL_len(L, index);
  for (lua_Integer i = 1; i <= len && count + 1 < MEDIA_LOAD_WANTED; i++) {
    lua_rawgeti(L, index, i);
    bool is_known = take_wanted(L, codecs, &out[count]);
    lua_pop(L, 1);
    if (!is_known) continue;
    const audio_rendering *last = &out[count++];
    if (!last->codec) continue;
    out[count++] = (audio_rendering){.settings = {.sample_rate = last->settings.sample_rate}};
  }
  return count;
}

/* --- Loading ------------------------------------------------------------------------------------
 */

/* The clip of that path if it was loaded and its file has not changed: pushed, or nil. */
static bind_clip *push_cached(lua_State *L, sip_str path) {
  lua_getiuservalue(L, 1, MEDIA_CLIPS);
  bind_push_str(L, path);
  lua_rawget(L, -2);
  lua_remove(L, -2);
  bind_clip *cached = luaL_testudata(L, -1, CLIP_CLASS);
  int64_t changed_at;
  uint64_t bytes;
  if (!cached || media_load_look(path.ptr, &changed_at, &bytes) != 0) return NULL;
  return cached->changed_at == changed_at && cached->bytes == bytes ? cached : NULL;
}

/* load(path, wanted, fn) -> true; fn(clip, err) later. */
static int clip_load(lua_State *L) {
  bind_media *self = bind_media_check(L);
  sip_str path = bind_check_str(L, 2);
  luaL_argcheck(L, path.len > 0 && strlen(path.ptr) == path.len, 2, "a file's name expected");
  luaL_checktype(L, 4, LUA_TFUNCTION);
  lua_settop(L, 4);
  audio_rendering wanted[MEDIA_LOAD_WANTED];
  size_t count = take_all(L, 3, &self->control->codecs, wanted);
  const bind_clip *cached = push_cached(L, path);
  media_load *job = media_load_new(path);
  if (!job) return bind_media_fail(L, SIP_E_MEMORY);
  job->owner = self;
  job->count = count;
  memcpy(job->wanted, wanted, count * sizeof *wanted);
  if (cached) {
    job->clip = cached->clip;
    job->changed_at = cached->changed_at;
    job->bytes = cached->bytes;
    audio_clip_ref(job->clip);
  }
  lua_getiuservalue(L, 1, MEDIA_LOADS);
  lua_pushvalue(L, 4);
  lua_rawsetp(L, -2, job);
  int error = self->load(self, job);
  if (error) {
    lua_pushnil(L);
    lua_rawsetp(L, -2, job);
    media_load_free(job);
    return bind_media_fail(L, error);
  }
  self->acted(L, self);
  lua_pushboolean(L, true);
  return 1;
}

/* The userdata of the job's clip: the cached one if it is that, else a new one. */
static void push_result(lua_State *L, int media_index, media_load *job) {
  lua_getiuservalue(L, media_index, MEDIA_CLIPS);
  lua_getfield(L, -1, job->path);
  if (bind_media_test_clip(L, -1) == job->clip) {
    lua_remove(L, -2);
    return;
  }
  lua_pop(L, 1);
  bind_clip *clip = push_clip(L);
  clip->clip = job->clip;
  clip->changed_at = job->changed_at;
  clip->bytes = job->bytes;
  audio_clip_ref(clip->clip);
  lua_pushstring(L, job->path);
  lua_setiuservalue(L, -2, CLIP_PATH);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, job->path);
  lua_remove(L, -2);
}

void bind_media_loaded(lua_State *L, int media_index, media_load *job) {
  lua_getiuservalue(L, media_index, MEDIA_LOADS);
  bool is_wanted = lua_rawgetp(L, -1, job) == LUA_TFUNCTION;
  lua_pushnil(L);
  lua_rawsetp(L, -3, job);
  int count = 1;
  if (job->error) {
    count = bind_fail(L, job->error, job->text);
  } else {
    push_result(L, media_index, job);
  }
  media_load_free(job);
  if (is_wanted) lua_call(L, count, 0);
}

/* --- Clips by hand ---------------------------------------------------------------- */

/* clip(samples, rate [, wanted]) -> clip */
static int clip_new(lua_State *L) {
  bind_media *self = bind_media_check(L);
  sip_str bytes = bind_check_str(L, 2);
  lua_Integer rate = luaL_checkinteger(L, 3);
  luaL_argcheck(L, bytes.len % 2 == 0, 2, "whole samples of two bytes expected");
  luaL_argcheck(L, rate >= 8000 && rate <= AUDIO_LIVE_RATE_MAX, 3, "8000 to 48000 Hz expected");
  lua_settop(L, 4);
  audio_rendering wanted[MEDIA_LOAD_WANTED];
  size_t count = take_all(L, 4, &self->control->codecs, wanted);
  bind_clip *made = push_clip(L);
  made->clip = audio_clip_new(NULL, NULL, (uint32_t)rate, 0);
  if (!made->clip) return bind_media_fail(L, SIP_E_MEMORY);
  size_t len = bytes.len / sizeof(int16_t);
  int16_t *samples = lua_newuserdatauv(L, bytes.len + 1, 0); /* aligned, as the string may not be */
  memcpy(samples, bytes.ptr, bytes.len);
  int error = audio_clip_append(made->clip, audio_span_make(samples, len));
  for (size_t i = 0; !error && i < count; i++) {
    if (!audio_clip_render(made->clip, &wanted[i])) error = SIP_E_MEMORY;
  }
  if (error) return bind_media_fail(L, error);
  lua_pop(L, 1);
  return 1;
}

/* clip:samples(rate) -> string */
static int clip_samples(lua_State *L) {
  bind_clip *self = luaL_checkudata(L, 1, CLIP_CLASS);
  lua_Integer rate = luaL_optinteger(L, 2, audio_clip_rate(self->clip));
  luaL_argcheck(L, rate >= AUDIO_RATE_MIN && rate <= AUDIO_RATE_MAX, 2, "a rate in Hz expected");
  audio_rendering what = {.settings = {.sample_rate = (uint32_t)rate}};
  const audio_rendition *rendition = audio_clip_render(self->clip, &what);
  if (!rendition) return bind_media_fail(L, SIP_E_MEMORY);
  audio_span samples = audio_rendition_samples(rendition);
  lua_pushlstring(L, (const char *)samples.ptr, samples.len * sizeof *samples.ptr);
  return 1;
}

static int clip_index(lua_State *L) {
  bind_clip *self = luaL_checkudata(L, 1, CLIP_CLASS);
  const char *key = luaL_checkstring(L, 2);
  if (strcmp(key, "ms") == 0) {
    lua_pushinteger(L, (lua_Integer)audio_clip_ms(self->clip));
  } else if (strcmp(key, "rate") == 0) {
    lua_pushinteger(L, audio_clip_rate(self->clip));
  } else if (strcmp(key, "bytes") == 0) {
    lua_pushinteger(L, (lua_Integer)audio_clip_bytes(self->clip));
  } else if (strcmp(key, "path") == 0) {
    lua_getiuservalue(L, 1, CLIP_PATH);
  } else if (strcmp(key, "samples") == 0) {
    lua_pushcfunction(L, clip_samples);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

const luaL_Reg bind_media_clip_methods[] = {{"load", clip_load}, {"clip", clip_new}, {NULL, NULL}};

void bind_media_clip_open(lua_State *L) {
  static const luaL_Reg meta[] = {{"__gc", clip_gc}, {"__index", clip_index}, {NULL, NULL}};
  luaL_newmetatable(L, CLIP_CLASS);
  luaL_setfuncs(L, meta, 0);
  lua_pop(L, 1);
}
