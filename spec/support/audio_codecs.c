/* SPDX-License-Identifier: MIT
 *
 * For specs: codecs and what works on frames, as Lua functions and objects. Samples are
 * strings of 16-bit integers in the machine's order.
 */
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "audio/comfort_noise.h"
#include "audio/decoder.h"
#include "audio/encoder.h"
#include "audio/g711.h"
#include "audio/gain.h"
#include "audio/level.h"
#include "audio/mixer.h"
#include "audio/noise_meter.h"
#include "audio/plc.h"
#include "audio/resampler.h"
#include "base/error.h"

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

static sip_str opt_str(lua_State *L, int index) {
  return lua_isnoneornil(L, index) ? (sip_str){0} : check_str(L, index);
}

static void push_samples(lua_State *L, const int16_t *samples, size_t count) {
  lua_pushlstring(L, (const char *)samples, count * sizeof *samples);
}

/* A copy of samples in a new block, for what works in place. */
static int16_t *copy_samples(lua_State *L, int index, size_t *count) {
  audio_span in = check_samples(L, index);
  int16_t *copy = lua_newuserdatauv(L, in.len * sizeof *copy + 1, 0);
  if (in.len > 0) memcpy(copy, in.ptr, in.len * sizeof *copy);
  *count = in.len;
  return copy;
}

/* ---- functions */

/* g711_encode("ulaw" or "alaw", samples) -> bytes */
static int g711_encode(lua_State *L) {
  bool alaw = strcmp(luaL_checkstring(L, 1), "alaw") == 0;
  audio_span in = check_samples(L, 2);
  luaL_Buffer buffer;
  uint8_t *out = (uint8_t *)luaL_buffinitsize(L, &buffer, in.len + 1);
  (alaw ? audio_alaw_encode : audio_ulaw_encode)(in, out);
  luaL_pushresultsize(&buffer, in.len);
  return 1;
}

static int g711_decode(lua_State *L) {
  bool alaw = strcmp(luaL_checkstring(L, 1), "alaw") == 0;
  sip_str in = check_str(L, 2);
  luaL_Buffer buffer;
  char *out = luaL_buffinitsize(L, &buffer, in.len * 2 + 2);
  (alaw ? audio_alaw_decode : audio_ulaw_decode)((const uint8_t *)in.ptr, in.len,
                                                 (int16_t *)(void *)out);
  luaL_pushresultsize(&buffer, in.len * 2);
  return 1;
}

/* level(samples) -> -dBov, energy, sum of magnitudes */
static int level(lua_State *L) {
  audio_span in = check_samples(L, 1);
  lua_pushinteger(L, audio_level(in));
  lua_pushinteger(L, (lua_Integer)audio_energy(in));
  lua_pushinteger(L, (lua_Integer)audio_magnitude(in));
  return 3;
}

static int level_of_power(lua_State *L) {
  lua_pushinteger(L, audio_level_of_power((uint64_t)luaL_checkinteger(L, 1)));
  return 1;
}

static int amplitude_of_dbm0(lua_State *L) {
  lua_pushnumber(L, audio_amplitude_of_dbm0(luaL_checknumber(L, 1)));
  return 1;
}

static int rms_of_level(lua_State *L) {
  lua_pushnumber(L, audio_rms_of_level((uint8_t)luaL_checkinteger(L, 1)));
  return 1;
}

/* gain(dB, samples) -> samples, factor */
static int gain(lua_State *L) {
  size_t count;
  audio_gain factor = audio_gain_of_db(luaL_checknumber(L, 1));
  int16_t *samples = copy_samples(L, 2, &count);
  audio_gain_apply(factor, samples, count);
  push_samples(L, samples, count);
  lua_pushinteger(L, factor);
  return 2;
}

/* mix(a, b) -> samples */
static int mix(lua_State *L) {
  size_t count;
  int16_t *into = copy_samples(L, 1, &count);
  audio_span from = check_samples(L, 2);
  luaL_argcheck(L, from.len == count, 2, "another length");
  audio_mix(into, from.ptr, count);
  push_samples(L, into, count);
  return 1;
}

/* conference({ speaker, ... }, own, whisper) -> what the one of number `own` (0: nobody)
 * hears */
static int conference(lua_State *L) {
  lua_settop(L, 3);
  audio_mixer *mixer = lua_newuserdatauv(L, sizeof *mixer, 0);
  lua_geti(L, 1, 1);
  size_t count = check_samples(L, -1).len;
  const int16_t *own = NULL, *whisper = lua_isnoneornil(L, 3) ? NULL : check_samples(L, 3).ptr;
  audio_mixer_begin(mixer, count);
  for (lua_Integer i = 1; i <= luaL_len(L, 1); i++) {
    lua_geti(L, 1, i);
    const int16_t *samples = check_samples(L, -1).ptr;
    audio_mixer_add(mixer, samples);
    if (i == luaL_optinteger(L, 2, 0)) own = samples;
    lua_pop(L, 1); /* the table holds it */
  }
  int16_t *out = lua_newuserdatauv(L, count * sizeof *out + 1, 0);
  audio_mixer_take(mixer, own, whisper, out);
  push_samples(L, out, mixer->count);
  return 1;
}

/* ---- codecs */

typedef struct registry {
  audio_codecs codecs;
  audio_codec added; /* by a spec */
} registry;

static const audio_codec *check_codec(lua_State *L, int index) {
  registry *r = lua_touserdata(L, lua_upvalueindex(1));
  sip_str name = check_str(L, index);
  uint32_t rate = 0;
  size_t slash = sip_str_index(name, '/');
  if (slash < name.len) rate = (uint32_t)strtoul(name.ptr + slash + 1, NULL, 10);
  name.len = slash;
  const audio_codec *codec = audio_codecs_find(&r->codecs, name, rate, 0);
  if (!codec) luaL_argerror(L, index, "no such codec");
  return codec;
}

static uint32_t field(lua_State *L, int index, const char *name) {
  lua_getfield(L, index, name);
  uint32_t value = (uint32_t)luaL_optinteger(L, -1, 0);
  lua_pop(L, 1);
  return value;
}

static audio_codec_settings check_settings(lua_State *L, int index) {
  audio_codec_settings settings = {0};
  if (lua_isnoneornil(L, index)) return settings;
  settings.sample_rate = field(L, index, "rate");
  settings.bit_rate = field(L, index, "bit_rate");
  settings.complexity = (uint8_t)field(L, index, "complexity");
  settings.loss_percent = (uint8_t)field(L, index, "loss");
  lua_getfield(L, index, "fmtp");
  settings.fmtp = opt_str(L, -1); /* the table keeps it */
  lua_pop(L, 1);
  return settings;
}

/* codecs() -> list of { name, type, channels, clock, rate, byte_rate } */
static int codecs(lua_State *L) {
  registry *r = lua_touserdata(L, lua_upvalueindex(1));
  lua_newtable(L);
  for (size_t i = 0; i < r->codecs.count; i++) {
    const audio_codec *codec = r->codecs.list[i];
    lua_newtable(L);
    lua_pushlstring(L, codec->name.ptr, codec->name.len);
    lua_setfield(L, -2, "name");
    const struct {
      const char *name;
      uint32_t value;
    } numbers[] = {{"type", codec->payload_type},
                   {"channels", codec->channels},
                   {"clock", codec->clock_rate},
                   {"rate", codec->sample_rate},
                   {"byte_rate", codec->byte_rate}};
    for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++) {
      lua_pushinteger(L, numbers[n].value);
      lua_setfield(L, -2, numbers[n].name);
    }
    lua_seti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* add(name, clock, version) -> 0 or an error's name: a copy of PCMU under another name */
static int add(lua_State *L) {
  registry *r = lua_touserdata(L, lua_upvalueindex(1));
  audio_codec *codec = &r->added;
  *codec = *audio_codecs_find(&r->codecs, SIP_STR("PCMU"), 0, 0);
  codec->name = check_str(L, 1);
  codec->clock_rate = (uint32_t)luaL_checkinteger(L, 2);
  codec->version = (uint16_t)luaL_optinteger(L, 3, AUDIO_CODEC_VERSION);
  lua_pushvalue(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, "audio.added"); /* its name */
  int error = audio_codecs_add(&r->codecs, codec);
  lua_pushstring(L, error ? sip_error_name(error) : "ok");
  return 1;
}

/* fill() -> how many of one and the same could be added before it was full */
static int fill(lua_State *L) {
  static const char *const names[] = {"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8",
                                      "x9", "xa", "xb", "xc", "xd", "xe", "xf", "xg", "xh",
                                      "xi", "xj", "xk", "xl", "xm", "xn", "xo", "xp", "xq",
                                      "xr", "xs", "xt", "xu", "xv", "xw", "xx"};
  audio_codec list[sizeof names / sizeof *names];
  audio_codecs own;
  audio_codecs_init(&own);
  size_t had = own.count, added = 0;
  int error = 0;
  while (!error && added < sizeof names / sizeof *names) {
    list[added] = *audio_codecs_find(&own, SIP_STR("PCMU"), 0, 0);
    list[added].name = sip_str_make(names[added], 2);
    error = audio_codecs_add(&own, &list[added]);
    if (!error) added++;
  }
  lua_pushinteger(L, (lua_Integer)(had + added));
  lua_pushstring(L, sip_error_name(error));
  return 2;
}

static int missing(lua_State *L) {
  lua_pushstring(L, audio_codec_missing(check_str(L, 1)));
  return 1;
}

static int takes_rate(lua_State *L) {
  lua_pushboolean(L, audio_codec_takes_rate(check_codec(L, 1), (uint32_t)luaL_checkinteger(L, 2)));
  return 1;
}

static int takes_ptime(lua_State *L) {
  lua_pushboolean(L, audio_codec_takes_ptime(check_codec(L, 1), (uint32_t)luaL_checkinteger(L, 2)));
  return 1;
}

static int payload_size(lua_State *L) {
  uint32_t ms = (uint32_t)luaL_checkinteger(L, 2);
  lua_pushinteger(L, (lua_Integer)audio_codec_payload_size(check_codec(L, 1), ms));
  return 1;
}

static int duration(lua_State *L) {
  lua_pushinteger(L, audio_codec_duration(check_codec(L, 1), check_str(L, 2)));
  return 1;
}

/* fmtp(codec, settings) -> what we say in SDP */
static int fmtp(lua_State *L) {
  const audio_codec *codec = check_codec(L, 1);
  audio_codec_settings settings = check_settings(L, 2);
  sip_alloc alloc;
  sip_buffer out;
  sip_alloc_init(&alloc, NULL, NULL);
  sip_buffer_init(&out, &alloc, 0);
  if (codec->fmtp) codec->fmtp(&settings, &out);
  lua_pushlstring(L, out.len ? out.ptr : "", out.len);
  sip_buffer_deinit(&out);
  return 1;
}

/* ---- encoder and decoder: the block is the userdata */

static int encoder(lua_State *L) {
  const audio_codec *codec = check_codec(L, 1);
  audio_codec_settings settings = check_settings(L, 2);
  size_t size = audio_encoder_size(codec, &settings);
  void *block = lua_newuserdatauv(L, size ? size : 1, 0);
  if (!audio_encoder_init(block, codec, &settings)) return 0;
  luaL_setmetatable(L, "audio.encoder");
  lua_pushinteger(L, (lua_Integer)size);
  return 2;
}

/* encoder:encode(samples, room) -> payload, "" when it cannot be */
static int encode(lua_State *L) {
  audio_encoder *e = luaL_checkudata(L, 1, "audio.encoder");
  luaL_Buffer buffer;
  size_t room = (size_t)luaL_optinteger(L, 3, AUDIO_PAYLOAD_MAX);
  uint8_t *out = (uint8_t *)luaL_buffinitsize(L, &buffer, room + 1);
  luaL_pushresultsize(&buffer, audio_encoder_encode(e, check_samples(L, 2), out, room));
  return 1;
}

static int expect_loss(lua_State *L) {
  audio_encoder *e = luaL_checkudata(L, 1, "audio.encoder");
  audio_encoder_expect_loss(e, (uint8_t)luaL_checkinteger(L, 2));
  return 0;
}

static int decoder(lua_State *L) {
  const audio_codec *codec = check_codec(L, 1);
  audio_codec_settings settings = check_settings(L, 2);
  size_t size = audio_decoder_size(codec, &settings);
  void *block = lua_newuserdatauv(L, size ? size : 1, 0);
  if (!audio_decoder_init(block, codec, &settings)) return 0;
  luaL_setmetatable(L, "audio.decoder");
  lua_pushinteger(L, (lua_Integer)size);
  return 2;
}

/* decoder:decode(payload, room) -> samples */
static int decode(lua_State *L) {
  audio_decoder *d = luaL_checkudata(L, 1, "audio.decoder");
  int16_t out[AUDIO_FRAME_MAX];
  size_t room = (size_t)luaL_optinteger(L, 3, AUDIO_FRAME_MAX);
  push_samples(L, out, audio_decoder_decode(d, check_str(L, 2), out, room));
  return 1;
}

/* decoder:conceal(count, next) -> samples */
static int conceal(lua_State *L) {
  audio_decoder *d = luaL_checkudata(L, 1, "audio.decoder");
  int16_t out[AUDIO_FRAME_MAX];
  size_t count = (size_t)luaL_checkinteger(L, 2);
  audio_decoder_conceal(d, opt_str(L, 3), out, count);
  push_samples(L, out, count);
  return 1;
}

static int comfort(lua_State *L) {
  audio_decoder *d = luaL_checkudata(L, 1, "audio.decoder");
  lua_pushboolean(L, audio_decoder_comfort(d, check_str(L, 2)));
  return 1;
}

/* ---- plc, noise, resampler */

static int plc(lua_State *L) {
  uint32_t rate = (uint32_t)luaL_checkinteger(L, 1);
  audio_plc_init(lua_newuserdatauv(L, audio_plc_size(rate), 0), rate);
  luaL_setmetatable(L, "audio.plc");
  return 1;
}

static int plc_receive(lua_State *L) {
  size_t count;
  int16_t *samples = copy_samples(L, 2, &count);
  audio_plc_receive(luaL_checkudata(L, 1, "audio.plc"), samples, count);
  push_samples(L, samples, count);
  return 1;
}

static int plc_conceal(lua_State *L) {
  int16_t out[AUDIO_FRAME_MAX];
  size_t count = (size_t)luaL_checkinteger(L, 2);
  audio_plc_conceal(luaL_checkudata(L, 1, "audio.plc"), out, count);
  push_samples(L, out, count);
  return 1;
}

/* noise(payload, count, seed, calls) -> samples, and what a payload without a byte gives */
static int noise(lua_State *L) {
  audio_comfort_noise n;
  audio_comfort_noise_init(&n, (uint32_t)luaL_optinteger(L, 3, 1));
  bool first = audio_comfort_noise_set(&n, check_str(L, 1));
  size_t count = (size_t)luaL_checkinteger(L, 2);
  int16_t *out = lua_newuserdatauv(L, count * sizeof *out + 1, 0);
  audio_comfort_noise_make(&n, out, count);
  push_samples(L, out, count);
  lua_pushboolean(L, first);
  return 2;
}

/* noise_payload(samples, frame) -> CN payload, level */
static int noise_payload(lua_State *L) {
  audio_noise_meter meter;
  uint8_t out[AUDIO_NOISE_PAYLOAD];
  audio_span in = check_samples(L, 1);
  size_t frame = (size_t)luaL_checkinteger(L, 2);
  audio_noise_meter_init(&meter);
  for (; in.len >= frame; audio_span_drop(&in, frame)) {
    audio_noise_meter_feed(&meter, audio_span_make(in.ptr, frame));
  }
  lua_pushlstring(L, (const char *)out, audio_noise_meter_write(&meter, out));
  lua_pushinteger(L, audio_noise_meter_level(&meter));
  return 2;
}

/* resampler(from, to) -> object, bytes, delay; or nothing */
static int resampler(lua_State *L) {
  uint32_t from = (uint32_t)luaL_checkinteger(L, 1), to = (uint32_t)luaL_checkinteger(L, 2);
  size_t size = audio_resampler_size(from, to);
  void *block = lua_newuserdatauv(L, size ? size : 1, 0);
  audio_resampler *r = audio_resampler_init(block, from, to);
  if (!r) return 0;
  luaL_setmetatable(L, "audio.resampler");
  lua_pushinteger(L, (lua_Integer)size);
  lua_pushinteger(L, (lua_Integer)audio_resampler_delay(r));
  return 3;
}

static int resampler_feed(lua_State *L) {
  audio_resampler *r = luaL_checkudata(L, 1, "audio.resampler");
  audio_span in = check_samples(L, 2);
  size_t room = audio_resampler_room(r, in.len);
  int16_t *out = lua_newuserdatauv(L, room * sizeof *out + 1, 0);
  size_t count = audio_resampler_feed(r, in, out);
  if (count > room) return luaL_error(L, "more than there was room for");
  push_samples(L, out, count);
  return 1;
}

static int resampler_reset(lua_State *L) {
  audio_resampler_reset(luaL_checkudata(L, 1, "audio.resampler"));
  return 0;
}

static void new_class(lua_State *L, const char *name, const luaL_Reg *methods) {
  luaL_newmetatable(L, name);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

int luaopen_audio_codecs(lua_State *L);

int luaopen_audio_codecs(lua_State *L) {
  new_class(L, "audio.encoder",
            (luaL_Reg[]){{"encode", encode}, {"expect_loss", expect_loss}, {0}});
  new_class(L, "audio.decoder",
            (luaL_Reg[]){{"decode", decode}, {"conceal", conceal}, {"comfort", comfort}, {0}});
  new_class(L, "audio.plc", (luaL_Reg[]){{"receive", plc_receive}, {"conceal", plc_conceal}, {0}});
  new_class(L, "audio.resampler",
            (luaL_Reg[]){{"feed", resampler_feed}, {"reset", resampler_reset}, {0}});
  luaL_newlibtable(L, ((luaL_Reg[32]){{0}}));
  registry *r = lua_newuserdatauv(L, sizeof *r, 0);
  audio_codecs_init(&r->codecs);
  const luaL_Reg functions[] = {{"g711_encode", g711_encode},
                                {"g711_decode", g711_decode},
                                {"level", level},
                                {"level_of_power", level_of_power},
                                {"amplitude_of_dbm0", amplitude_of_dbm0},
                                {"rms_of_level", rms_of_level},
                                {"gain", gain},
                                {"mix", mix},
                                {"conference", conference},
                                {"codecs", codecs},
                                {"add", add},
                                {"fill", fill},
                                {"missing", missing},
                                {"takes_rate", takes_rate},
                                {"takes_ptime", takes_ptime},
                                {"payload_size", payload_size},
                                {"duration", duration},
                                {"fmtp", fmtp},
                                {"encoder", encoder},
                                {"decoder", decoder},
                                {"plc", plc},
                                {"noise", noise},
                                {"noise_payload", noise_payload},
                                {"resampler", resampler},
                                {0}};
  luaL_setfuncs(L, functions, 1);
  return 1;
}
