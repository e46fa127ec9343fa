/* SPDX-License-Identifier: MIT
 *
 * For specs: tones and detectors. Samples as in audio_codecs.c; a detector's `feed` takes
 * them in frames of a length and lists what it found, with the millisecond in which the
 * frame that told ended.
 */
#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#include "audio/answering.h"
#include "audio/dtmf_detector.h"
#include "audio/progress_detector.h"
#include "audio/silence.h"
#include "audio/sine.h"
#include "audio/tone_detector.h"
#include "audio/tone_generator.h"
#include "audio/tone_table.h"

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

static void set_number(lua_State *L, const char *name, lua_Number value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

static void set_string(lua_State *L, const char *name, const char *value) {
  lua_pushstring(L, value);
  lua_setfield(L, -2, name);
}

static double option(lua_State *L, int index, const char *name) {
  if (lua_isnoneornil(L, index)) return 0;
  lua_getfield(L, index, name);
  double value = luaL_optnumber(L, -1, 0);
  lua_pop(L, 1);
  return value;
}

/* ---- tones */

/* parse(text) -> length in ms, number of parts, level; or nil, byte, text */
static int parse(lua_State *L) {
  audio_tone tone;
  audio_tone_error error;
  if (!audio_tone_parse(check_str(L, 1), &tone, &error)) {
    lua_pushnil(L);
    lua_pushinteger(L, (lua_Integer)error.at);
    lua_pushstring(L, error.what);
    return 3;
  }
  lua_pushinteger(L, (lua_Integer)audio_tone_length(&tone));
  lua_pushinteger(L, tone.count);
  lua_pushinteger(L, tone.level);
  return 3;
}

static void push_generated(lua_State *L, const audio_tone *tone, uint32_t rate, size_t max) {
  audio_tone_generator *g = lua_newuserdatauv(L, sizeof *g, 0);
  audio_tone_generator_init(g, tone, rate);
  size_t frame = audio_samples(rate, 20);
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  size_t made = frame, total = 0;
  while (made == frame && total < max) {
    int16_t out[AUDIO_FRAME_MAX];
    made = audio_tone_generator_make(g, out, frame);
    total += made;
    luaL_addlstring(&buffer, (const char *)out, made * sizeof *out);
  }
  luaL_pushresult(&buffer);
}

/* generate(text, rate, at most ms) -> samples */
static int generate(lua_State *L) {
  audio_tone tone;
  luaL_argcheck(L, audio_tone_parse(check_str(L, 1), &tone, NULL), 1, "no tone");
  uint32_t rate = (uint32_t)luaL_checkinteger(L, 2);
  push_generated(L, &tone, rate, audio_samples(rate, (uint32_t)luaL_checkinteger(L, 3)));
  return 1;
}

/* digits(text, on, off, rate, dBm0) -> samples */
static int digits(lua_State *L) {
  sip_str text = check_str(L, 1);
  uint32_t on = (uint32_t)luaL_checkinteger(L, 2), off = (uint32_t)luaL_checkinteger(L, 3);
  uint32_t rate = (uint32_t)luaL_checkinteger(L, 4);
  lua_Integer dbm0 = luaL_optinteger(L, 5, -13);
  lua_settop(L, 1);
  lua_pushliteral(L, "");
  for (size_t i = 0; i < text.len; i++) {
    audio_tone tone;
    if (!audio_tone_of_digit(text.ptr[i], on, off, &tone)) return 0;
    tone.level = (int8_t)dbm0;
    push_generated(L, &tone, rate, SIZE_MAX);
    lua_replace(L, -2); /* the generator */
    lua_concat(L, 2);
  }
  return 1;
}

static int tone_text(lua_State *L) {
  sip_str text = audio_tone_text(check_str(L, 1), check_str(L, 2));
  if (text.len == 0) return 0;
  lua_pushlstring(L, text.ptr, text.len);
  return 1;
}

static int list(lua_State *L, const char *(*get)(size_t)) {
  lua_newtable(L);
  const char *name;
  for (size_t i = 0; (name = get(i)); i++) {
    lua_pushstring(L, name);
    lua_seti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int countries(lua_State *L) {
  return list(L, audio_tone_country);
}

static int names(lua_State *L) {
  return list(L, audio_tone_name);
}

static int sine(lua_State *L) {
  lua_pushinteger(L, audio_sine((uint32_t)luaL_checkinteger(L, 1)));
  return 1;
}

/* goertzel({ eight frequencies }, rate, samples) -> { powers }, energy */
static int goertzel(lua_State *L) {
  double hz[AUDIO_GOERTZEL_BANDS];
  float power[AUDIO_GOERTZEL_BANDS];
  audio_goertzel bank;
  for (int i = 0; i < AUDIO_GOERTZEL_BANDS; i++) {
    lua_geti(L, 1, i + 1);
    hz[i] = luaL_checknumber(L, -1);
    lua_pop(L, 1);
  }
  audio_goertzel_init(&bank, hz, (uint32_t)luaL_checkinteger(L, 2));
  audio_goertzel_feed(&bank, check_samples(L, 3));
  float energy = audio_goertzel_take(&bank, power);
  lua_newtable(L);
  for (int i = 0; i < AUDIO_GOERTZEL_BANDS; i++) {
    lua_pushnumber(L, (lua_Number)power[i]);
    lua_seti(L, -2, i + 1);
  }
  lua_pushnumber(L, (lua_Number)energy);
  return 2;
}

/* ---- detectors */

enum { DTMF, TONE, PROGRESS, SILENCE };

typedef struct detector {
  int kind; /* one of those */
  uint32_t rate;
  uint64_t taken; /* samples */
  audio_dtmf_detector dtmf;
  audio_tone_detector tone;
  audio_progress_detector progress;
  audio_silence silence;
} detector;

static detector *check_detector(lua_State *L) {
  return luaL_checkudata(L, 1, "audio.detector");
}

/* detector(kind, rate, options) */
static int detector_new(lua_State *L) {
  lua_settop(L, 3);
  static const char *const kinds[] = {"dtmf", "tone", "progress", "silence", NULL};
  detector *d = lua_newuserdatauv(L, sizeof *d, 0);
  d->kind = luaL_checkoption(L, 1, NULL, kinds);
  d->rate = (uint32_t)luaL_checkinteger(L, 2);
  d->taken = 0;
  audio_dtmf_settings dtmf = {.twist_db = (float)option(L, 3, "twist"),
                              .reverse_twist_db = (float)option(L, 3, "reverse_twist"),
                              .threshold_dbm0 = (float)option(L, 3, "threshold")};
  audio_tone_settings tone = {.beep_ms = (uint32_t)option(L, 3, "beep"),
                              .fax_ms = (uint32_t)option(L, 3, "fax"),
                              .threshold_dbm0 = (float)option(L, 3, "threshold"),
                              .ignore_beeps = option(L, 3, "ignore_beeps") > 0};
  audio_silence_settings silence = {.threshold = (uint32_t)option(L, 3, "threshold"),
                                    .attack_ms = (uint32_t)option(L, 3, "attack"),
                                    .hang_ms = (uint32_t)option(L, 3, "hang")};
  if (d->kind == DTMF) audio_dtmf_detector_init(&d->dtmf, d->rate, &dtmf);
  if (d->kind == TONE) audio_tone_detector_init(&d->tone, d->rate, &tone);
  if (d->kind == PROGRESS) audio_progress_detector_init(&d->progress, d->rate);
  if (d->kind == SILENCE) audio_silence_init(&d->silence, d->rate, &silence);
  luaL_setmetatable(L, "audio.detector");
  return 1;
}

/* Pushes the next event; false when all is taken. */
static bool push_event(lua_State *L, detector *d, audio_span *in) {
  static const char *const tones[] = {"beep", "cng", "ced"};
  static const char *const progress[] = {"dial", "ringback", "busy", "congestion"};
  audio_dtmf_event dtmf;
  audio_tone_event tone;
  audio_progress_event what;
  audio_silence_event silence;
  if (d->kind == DTMF && audio_dtmf_detector_feed(&d->dtmf, in, &dtmf)) {
    lua_newtable(L);
    lua_pushlstring(L, &dtmf.digit, 1);
    lua_setfield(L, -2, "digit");
    lua_pushboolean(L, dtmf.ended);
    lua_setfield(L, -2, "ended");
    set_number(L, "ms", dtmf.duration_ms);
    return true;
  }
  if (d->kind == TONE && audio_tone_detector_feed(&d->tone, in, &tone)) {
    lua_newtable(L);
    set_string(L, "what", tones[tone.kind]);
    set_number(L, "hz", tone.frequency);
    set_number(L, "ms", tone.duration_ms);
    return true;
  }
  if (d->kind == PROGRESS && audio_progress_detector_feed(&d->progress, in, &what)) {
    lua_newtable(L);
    set_string(L, "what", progress[what.what]);
    set_number(L, "on", what.on_ms);
    set_number(L, "off", what.off_ms);
    return true;
  }
  if (d->kind == SILENCE && audio_silence_feed(&d->silence, in, &silence)) {
    lua_newtable(L);
    set_string(L, "what", silence.speech ? "speech" : "silence");
    set_number(L, "before", silence.before_ms);
    return true;
  }
  return false;
}

/* detector:feed(samples, frame) -> list of events */
static int feed(lua_State *L) {
  detector *d = check_detector(L);
  audio_span all = check_samples(L, 2);
  size_t frame = (size_t)luaL_optinteger(L, 3, (lua_Integer)audio_samples(d->rate, 20));
  lua_Integer count = 0;
  lua_newtable(L);
  while (all.len > 0) {
    audio_span in = audio_span_make(all.ptr, all.len < frame ? all.len : frame);
    audio_span_drop(&all, in.len);
    d->taken += in.len;
    while (push_event(L, d, &in)) {
      set_number(L, "at", (double)(d->taken * 1000 / d->rate));
      lua_seti(L, -2, ++count);
    }
  }
  return 1;
}

/* detector:state() -> of silence: silent ms, speech ms, whether it hears speech; of dtmf:
 * whether it hears a digit */
static int state(lua_State *L) {
  detector *d = check_detector(L);
  if (d->kind == DTMF) {
    lua_pushboolean(L, audio_dtmf_detector_hears(&d->dtmf));
    return 1;
  }
  lua_pushinteger(L, audio_silence_ms(&d->silence));
  lua_pushinteger(L, audio_speech_ms(&d->silence));
  lua_pushboolean(L, audio_silence_hears(&d->silence));
  return 3;
}

/* answering(samples, rate, options) -> answerer, cause, ms; in frames of 20 ms */
static int answering(lua_State *L) {
  static const char *const who[] = {"unknown", "human", "machine"};
  static const char *const why[] = {
      "none",     "initial silence", "greeting", "after greeting silence",
      "max word", "max words",       "total"};
  audio_answering a;
  audio_span all = check_samples(L, 1);
  uint32_t rate = (uint32_t)luaL_checkinteger(L, 2);
  audio_answering_settings settings = {
      .initial_silence = (uint32_t)option(L, 3, "initial_silence"),
      .greeting = (uint32_t)option(L, 3, "greeting"),
      .after_greeting_silence = (uint32_t)option(L, 3, "after_greeting_silence"),
      .total = (uint32_t)option(L, 3, "total"),
      .min_word = (uint32_t)option(L, 3, "min_word"),
      .max_word = (uint32_t)option(L, 3, "max_word"),
      .between_words = (uint32_t)option(L, 3, "between_words"),
      .max_words = (uint32_t)option(L, 3, "max_words"),
      .threshold = (uint32_t)option(L, 3, "threshold"),
  };
  audio_answering_init(&a, rate, lua_isnoneornil(L, 3) ? NULL : &settings);
  size_t frame = audio_samples(rate, 20);
  bool decided = false;
  while (all.len >= frame && !decided) {
    decided = audio_answering_feed(&a, audio_span_make(all.ptr, frame));
    audio_span_drop(&all, frame);
  }
  lua_pushstring(L, who[a.answerer]);
  lua_pushstring(L, why[a.cause]);
  lua_pushinteger(L, a.elapsed_ms);
  return 3;
}

int luaopen_audio_tones(lua_State *L);

int luaopen_audio_tones(lua_State *L) {
  luaL_newmetatable(L, "audio.detector");
  luaL_setfuncs(L, (luaL_Reg[]){{"feed", feed}, {"state", state}, {0}}, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  const luaL_Reg functions[] = {{"parse", parse},
                                {"generate", generate},
                                {"digits", digits},
                                {"tone_text", tone_text},
                                {"countries", countries},
                                {"names", names},
                                {"sine", sine},
                                {"goertzel", goertzel},
                                {"detector", detector_new},
                                {"answering", answering},
                                {0}};
  luaL_newlib(L, functions);
  return 1;
}
