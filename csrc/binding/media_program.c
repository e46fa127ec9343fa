/* SPDX-License-Identifier: MIT
 *
 * Programs of core.media: { clip, "tone", 500, { clip =, from =, to =, gain = }, { tone =,
 * ms =, gain = }, { silence = }; loop =, gain =, from = }.
 */
#include "base/error.h"
#include "binding/media.h"
#include "binding/object.h"
#include "media/order.h"

enum { CHEAP_BYTE_RATE = 8000 /* of G.711, which is encoded in passing */ };

/* What an item says. */
typedef struct item_spec {
  audio_clip *clip;
  audio_tone tone;
  bool has_tone;
  bool has_silence;
  uint64_t silence_ms, from_ms, to_ms, ms;
  audio_gain gain;
} item_spec;

static void take_tone(lua_State *L, int index, item_spec *out) {
  audio_tone_error error;
  out->has_tone = audio_tone_parse(bind_check_str(L, index), &out->tone, &error);
  if (out->has_tone) return;
  bind_bad_value(L, "tone", lua_pushfstring(L, "%s, at byte %d", error.what, (int)error.at + 1));
}

static void take_table(lua_State *L, int index, item_spec *out) {
  lua_getfield(L, index, "clip");
  out->clip = bind_media_test_clip(L, -1);
  if (lua_getfield(L, index, "tone") == LUA_TSTRING) take_tone(L, lua_gettop(L), out);
  lua_getfield(L, index, "silence");
  out->has_silence = !lua_isnil(L, -1);
  lua_pop(L, 3);
  out->silence_ms = bind_option_ms(L, index, "silence", 0);
  out->from_ms = bind_option_ms(L, index, "from", 0);
  out->to_ms = bind_option_ms(L, index, "to", 0);
  out->ms = bind_option_ms(L, index, "ms", 0);
  out->gain = bind_option_gain(L, index, "gain");
}

/* The item at the top of the stack. Raises for what is none. */
static void take_item(lua_State *L, item_spec *out) {
  int index = lua_gettop(L);
  *out = (item_spec){.gain = AUDIO_GAIN_UNITY, .clip = bind_media_test_clip(L, index)};
  if (out->clip) return;
  if (lua_isinteger(L, index)) {
    lua_Integer ms = lua_tointeger(L, index);
    if (ms < 0 || ms > INT32_MAX) bind_bad_value(L, "silence", "milliseconds expected");
    out->has_silence = true;
    out->silence_ms = (uint64_t)ms;
  } else if (lua_type(L, index) == LUA_TSTRING) {
    take_tone(L, index, out);
  } else if (lua_istable(L, index)) {
    take_table(L, index, out);
  }
  if (!out->clip && !out->has_tone && !out->has_silence) {
    bind_bad_value(L, "program", "an item is a clip, a tone, a number or a table with one");
  }
}

void bind_media_check_program(lua_State *L, int index) {
  lua_Integer count = luaL_len(L, index);
  if (count > MEDIA_PROGRAM_ITEMS) bind_bad_value(L, "program", "at most 256 items");
  for (lua_Integer i = 1; i <= count; i++) {
    item_spec spec;
    lua_rawgeti(L, index, i);
    take_item(L, &spec);
    lua_pop(L, 1);
  }
  bind_option_integer(L, index, "loop", 0, INT32_MAX, 1);
  bind_option_ms(L, index, "from", 0);
  bind_option_gain(L, index, "gain");
}

/* The clip as this party sends it: its samples, and payloads where that costs little. */
static bool render(audio_clip *clip, const media_handle *handle) {
  if (handle->rate == 0) return true; /* not known yet: made of what there is then */
  audio_rendering samples = {.settings = {.sample_rate = handle->rate}};
  if (!audio_clip_render(clip, &samples)) return false;
  if (!handle->codec || handle->codec->byte_rate != CHEAP_BYTE_RATE) return true;
  if (handle->codec->sample_rate != CHEAP_BYTE_RATE) return true;
  audio_rendering payloads = {.codec = handle->codec,
                              .settings = {.sample_rate = handle->rate},
                              .ptime_ms = MEDIA_FRAME_MS};
  return audio_clip_render(clip, &payloads) != NULL;
}

static int fill_item(media_control *control, const media_handle *handle, const item_spec *spec,
                     media_item *item) {
  item->gain = spec->gain;
  item->ms = UINT64_MAX;
  if (spec->clip) {
    item->kind = MEDIA_ITEM_CLIP;
    item->clip = spec->clip;
    audio_clip_ref(item->clip);
    item->from_ms = spec->from_ms;
    if (spec->to_ms) item->ms = spec->to_ms > spec->from_ms ? spec->to_ms - spec->from_ms : 0;
    return render(item->clip, handle) ? 0 : SIP_E_MEMORY;
  }
  if (spec->has_tone) {
    if (spec->ms) item->ms = spec->ms;
    return media_item_set_tone(control->alloc, item, &spec->tone);
  }
  item->kind = MEDIA_ITEM_SILENCE;
  item->ms = spec->silence_ms;
  return 0;
}

int bind_media_program(lua_State *L, int index, media_control *control, const media_handle *handle,
                       media_program *out) {
  uint32_t count = (uint32_t)luaL_len(L, index);
  int error = media_program_init(control->alloc, out, count);
  for (uint32_t i = 0; !error && i < count; i++) {
    item_spec spec;
    lua_rawgeti(L, index, (lua_Integer)i + 1);
    take_item(L, &spec);
    lua_pop(L, 1);
    error = fill_item(control, handle, &spec, media_program_item(out, i));
  }
  out->rounds = (uint32_t)bind_option_integer(L, index, "loop", 0, INT32_MAX, 1);
  out->gain = bind_option_gain(L, index, "gain");
  out->skip_ms = bind_option_ms(L, index, "from", 0);
  return error;
}
