/* SPDX-License-Identifier: MIT
 *
 * For specs: WAV files, clips, and other sound files.
 */
#include <lauxlib.h>
#include <lua.h>
#include <pthread.h>
#include <string.h>

#include "audio/clip_load.h"
#include "audio/wav_reader.h"
#include "audio/wav_samples.h"
#include "audio/wav_writer.h"
#include "base/error.h"

static const char *const encodings[] = {"pcm8",    "pcm16", "pcm24", "pcm32", "float32",
                                        "float64", "alaw",  "ulaw",  NULL};

static audio_span check_samples(lua_State *L, int index) {
  size_t len;
  const char *ptr = luaL_checklstring(L, index, &len);
  luaL_argcheck(L, len % 2 == 0, index, "half a sample");
  return audio_span_make((const int16_t *)(const void *)ptr, len / 2);
}

static sip_str check_str(lua_State *L, int index) {
  size_t len;
  const char *ptr = luaL_checklstring(L, index, &len);
  return sip_str_make(ptr, len);
}

static lua_Integer option(lua_State *L, int index, const char *name, lua_Integer otherwise) {
  if (lua_isnoneornil(L, index)) return otherwise;
  lua_getfield(L, index, name);
  lua_Integer value = luaL_optinteger(L, -1, otherwise);
  lua_pop(L, 1);
  return value;
}

/* read(bytes, { channel, piece, room }) -> samples, { rate, channels, encoding, truncated };
 * or nil, byte, text. `piece` bytes at a time, `room` samples at a time. */
static int read(lua_State *L) {
  sip_str all = check_str(L, 1);
  size_t piece = (size_t)option(L, 2, "piece", 4096), room = (size_t)option(L, 2, "room", 256);
  audio_wav_reader r;
  int16_t out[2048];
  luaL_argcheck(L, room <= 2048, 2, "too much room");
  audio_wav_reader_init(&r, (uint16_t)option(L, 2, "channel", AUDIO_WAV_MIX));
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  while (all.len > 0) {
    sip_str part = sip_str_make(all.ptr, all.len < piece ? all.len : piece);
    all = sip_str_make(all.ptr + part.len, all.len - part.len);
    while (part.len > 0 && !r.error) {
      size_t count = audio_wav_reader_feed(&r, &part, out, room);
      luaL_addlstring(&buffer, (const char *)out, count * sizeof *out);
    }
  }
  luaL_pushresult(&buffer);
  if (audio_wav_reader_finish(&r)) {
    lua_pushnil(L);
    lua_pushinteger(L, (lua_Integer)r.error_at);
    lua_pushstring(L, r.error_what);
    return 3;
  }
  lua_newtable(L);
  lua_pushinteger(L, r.format.rate);
  lua_setfield(L, -2, "rate");
  lua_pushinteger(L, r.format.channels);
  lua_setfield(L, -2, "channels");
  lua_pushstring(L, encodings[r.format.encoding]);
  lua_setfield(L, -2, "encoding");
  lua_pushboolean(L, r.truncated);
  lua_setfield(L, -2, "truncated");
  return 2;
}

static audio_wav_format check_format(lua_State *L, int index) {
  return (audio_wav_format){
      .encoding = (audio_wav_encoding)luaL_checkoption(L, index, NULL, encodings),
      .channels = (uint16_t)luaL_checkinteger(L, index + 1),
      .rate = (uint32_t)luaL_checkinteger(L, index + 2)};
}

/* header(encoding, channels, rate, bytes of data) -> header, or nothing */
static int header(lua_State *L) {
  audio_wav_format format = check_format(L, 1);
  uint8_t out[AUDIO_WAV_HEADER_MAX];
  size_t size = audio_wav_header_write(&format, (uint64_t)luaL_checkinteger(L, 4), out);
  if (size == 0) return 0;
  if (size != audio_wav_header_size(&format)) return luaL_error(L, "another size");
  lua_pushlstring(L, (const char *)out, size);
  return 1;
}

static int data_max(lua_State *L) {
  audio_wav_format format = check_format(L, 1);
  lua_pushinteger(L, (lua_Integer)audio_wav_data_max(&format));
  return 1;
}

/* data(encoding, samples) -> bytes */
static int data(lua_State *L) {
  audio_wav_encoding encoding = (audio_wav_encoding)luaL_checkoption(L, 1, NULL, encodings);
  audio_span in = check_samples(L, 2);
  luaL_Buffer buffer;
  uint8_t *out = (uint8_t *)luaL_buffinitsize(L, &buffer, in.len * 2 + 1);
  luaL_pushresultsize(&buffer, audio_wav_encode(encoding, in, out));
  return 1;
}

/* ---- clips: memory that is counted, and fails where a spec wants it */

typedef struct memory {
  size_t blocks;
  lua_Integer left; /* allocations until one fails; negative: never */
} memory;

typedef struct clip {
  audio_clip *clip;
  audio_codecs codecs;
  memory memory;
} clip;

static void *count(void *context, void *ptr, size_t old_size, size_t size) {
  memory *m = context;
  if (size > 0) {
    if (m->left == 0) return NULL;
    if (m->left > 0) m->left--;
  }
  sip_alloc plain;
  sip_alloc_init(&plain, NULL, NULL);
  if (size == 0 && ptr) m->blocks--;
  if (size > 0 && !ptr) m->blocks++;
  return plain.fn(plain.context, ptr, old_size, size);
}

static clip *new_clip(lua_State *L) {
  clip *c = lua_newuserdatauv(L, sizeof *c, 0);
  memset(c, 0, sizeof *c);
  c->memory.left = -1;
  audio_codecs_init(&c->codecs);
  luaL_setmetatable(L, "audio.clip");
  return c;
}

static clip *check_clip(lua_State *L) {
  clip *c = luaL_checkudata(L, 1, "audio.clip");
  if (!c->clip) luaL_error(L, "no clip");
  return c;
}

/* clip(rate, samples, max_seconds) -> clip, or nothing, or nil and an error */
static int clip_new(lua_State *L) {
  audio_span samples = check_samples(L, 2);
  uint32_t rate = (uint32_t)luaL_checkinteger(L, 1), most = (uint32_t)luaL_optinteger(L, 3, 0);
  clip *c = new_clip(L);
  c->clip = audio_clip_new(count, &c->memory, rate, most);
  if (!c->clip) return 0;
  while (samples.len > 0) {
    size_t piece = samples.len < 1000 ? samples.len : 1000;
    int error = audio_clip_append(c->clip, audio_span_make(samples.ptr, piece));
    audio_span_drop(&samples, piece);
    if (!error) continue;
    lua_pushnil(L);
    lua_pushstring(L, sip_error_name(error));
    return 2;
  }
  return 1;
}

/* load(bytes, { rate, channel, max_seconds, fail }) -> clip; or nil, error, byte, text */
static int load(lua_State *L) {
  lua_settop(L, 2);
  clip *c = new_clip(L);
  c->memory.left = option(L, 2, "fail", -1);
  audio_load_error error;
  audio_load how = {.fn = count,
                    .context = &c->memory,
                    .max_seconds = (uint32_t)option(L, 2, "max_seconds", 0),
                    .rate = (uint32_t)option(L, 2, "rate", 0),
                    .channel = (uint16_t)option(L, 2, "channel", 0)};
  c->clip = audio_clip_load(check_str(L, 1), &how, &error);
  c->memory.left = -1;
  if (c->clip) return 1;
  if (c->memory.blocks) return luaL_error(L, "%d blocks leaked", (int)c->memory.blocks);
  lua_pushnil(L);
  lua_pushstring(L, sip_error_name(error.code));
  lua_pushinteger(L, (lua_Integer)error.at);
  lua_pushstring(L, error.what);
  return 4;
}

static int clip_gc(lua_State *L) {
  clip *c = luaL_checkudata(L, 1, "audio.clip");
  audio_clip_unref(c->clip);
  c->clip = NULL;
  if (c->memory.blocks) return luaL_error(L, "%d blocks leaked", (int)c->memory.blocks);
  return 0;
}

/* clip:info() -> rate, milliseconds, bytes */
static int info(lua_State *L) {
  clip *c = check_clip(L);
  lua_pushinteger(L, audio_clip_rate(c->clip));
  lua_pushinteger(L, (lua_Integer)audio_clip_ms(c->clip));
  lua_pushinteger(L, (lua_Integer)audio_clip_bytes(c->clip));
  return 3;
}

static void push_samples(lua_State *L, audio_span span) {
  lua_pushlstring(L, span.len ? (const char *)span.ptr : "", span.len * sizeof *span.ptr);
}

static int samples(lua_State *L) {
  push_samples(L, audio_clip_samples(check_clip(L)->clip));
  return 1;
}

/* A codec's name (or nil), { rate, ptime } */
static audio_rendering check_rendering(lua_State *L, const clip *c) {
  audio_rendering what = {.settings.sample_rate = (uint32_t)option(L, 3, "rate", 0),
                          .ptime_ms = (uint32_t)option(L, 3, "ptime", 0)};
  if (lua_isnoneornil(L, 2)) return what;
  what.codec = audio_codecs_find(&c->codecs, check_str(L, 2), 0, 0);
  if (!what.codec) luaL_argerror(L, 2, "no such codec");
  return what;
}

/* clip:render(codec, options, fail) -> whether it is there; the same address each time */
static int render(lua_State *L) {
  clip *c = check_clip(L);
  audio_rendering what = check_rendering(L, c);
  c->memory.left = luaL_optinteger(L, 4, -1);
  const audio_rendition *rendition = audio_clip_render(c->clip, &what);
  c->memory.left = -1;
  lua_pushboolean(L, rendition != NULL);
  lua_pushinteger(L, (lua_Integer)(uintptr_t)rendition);
  return 2;
}

static int find(lua_State *L) {
  clip *c = check_clip(L);
  audio_rendering what = check_rendering(L, c);
  lua_pushinteger(L, (lua_Integer)(uintptr_t)audio_clip_find(c->clip, &what));
  return 1;
}

/* clip:payload(codec, options, from, ptime) -> payload of a rendition that is there */
static int payload(lua_State *L) {
  clip *c = check_clip(L);
  audio_rendering what = check_rendering(L, c);
  const audio_rendition *rendition = audio_clip_find(c->clip, &what);
  if (!rendition) return 0;
  sip_str bytes = audio_rendition_payload(rendition, (uint64_t)luaL_checkinteger(L, 4),
                                          (uint32_t)luaL_checkinteger(L, 5));
  lua_pushlstring(L, bytes.len ? bytes.ptr : "", bytes.len);
  return 1;
}

/* clip:at_rate(rate) -> samples of a rendition that is there */
static int at_rate(lua_State *L) {
  audio_rendering what = {.settings.sample_rate = (uint32_t)luaL_checkinteger(L, 2)};
  const audio_rendition *rendition = audio_clip_find(check_clip(L)->clip, &what);
  if (!rendition) return 0;
  push_samples(L, audio_rendition_samples(rendition));
  return 1;
}

/* ---- threads that ask for the same renditions at once */

enum { THREADS = 4, ROUNDS = 200 };

typedef struct racer {
  audio_clip *clip;
  const audio_codec *codec;
  uintptr_t found;
  bool differs;
} racer;

static void *race_one(void *context) {
  racer *r = context;
  audio_rendering what = {.codec = r->codec};
  for (int i = 0; i < ROUNDS; i++) {
    audio_clip_ref(r->clip);
    uintptr_t there = (uintptr_t)audio_clip_render(r->clip, &what);
    const audio_rendition *again = audio_clip_find(r->clip, &what);
    if ((uintptr_t)again != there || (r->found && r->found != there)) r->differs = true;
    if (audio_rendition_payload(again, 20, 20).len == 0) r->differs = true;
    r->found = there;
    audio_clip_unref(r->clip);
  }
  return NULL;
}

/* race(samples of 8 kHz) -> whether each of four threads got the same rendition each time */
static int race(lua_State *L) {
  audio_span samples = check_samples(L, 1);
  audio_codecs codecs;
  audio_codecs_init(&codecs);
  audio_clip *shared = audio_clip_new(NULL, NULL, 8000, 0);
  bool same = audio_clip_append(shared, samples) == 0;
  pthread_t threads[THREADS];
  racer racers[THREADS];
  for (int i = 0; i < THREADS; i++) {
    racers[i] = (racer){.clip = shared, .codec = audio_codecs_find(&codecs, SIP_STR("PCMU"), 0, 0)};
    if (pthread_create(&threads[i], NULL, race_one, &racers[i])) return luaL_error(L, "no thread");
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    same = same && !racers[i].differs && racers[i].found == racers[0].found;
  }
  audio_clip_unref(shared);
  lua_pushboolean(L, same);
  return 1;
}

int luaopen_audio_files(lua_State *L);

int luaopen_audio_files(lua_State *L) {
  const luaL_Reg methods[] = {{"info", info},    {"samples", samples}, {"render", render},
                              {"find", find},    {"payload", payload}, {"at_rate", at_rate},
                              {"__gc", clip_gc}, {"close", clip_gc},   {0}};
  luaL_newmetatable(L, "audio.clip");
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  const luaL_Reg functions[] = {
      {"read", read},     {"header", header}, {"data_max", data_max}, {"data", data},
      {"clip", clip_new}, {"load", load},     {"race", race},         {0}};
  luaL_newlib(L, functions);
  return 1;
}
