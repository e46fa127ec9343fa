/* SPDX-License-Identifier: MIT
 *
 * core.media: record, monitor, pause.
 */
#include "base/error.h"
#include "binding/media.h"
#include "binding/object.h"
#include "media/order.h"

enum { DEFAULT_RATE = 8000 };

static const char *const whats[] = {"in", "out", "both", "stereo", NULL};

/* The path stays the table's. */
static void take_file(lua_State *L, const media_handle *handle, media_what what,
                      media_recorder_config *config) {
  static const char *const formats[] = {"pcm16", "ulaw", "alaw", NULL};
  static const audio_wav_encoding encodings[] = {AUDIO_WAV_PCM16, AUDIO_WAV_ULAW, AUDIO_WAV_ALAW};
  lua_getfield(L, 3, "path");
  size_t len = 0;
  config->path = lua_tolstring(L, -1, &len);
  if (!config->path || len == 0) {
    bind_bad_value(L, "path", "a file's name expected");
    return;
  }
  if (strlen(config->path) != len) bind_bad_value(L, "path", "NUL in a file's name");
  lua_pop(L, 1);
  config->encoding = encodings[bind_option_name(L, 3, "format", "pcm16", formats)];
  config->append = bind_option_flag(L, 3, "append", false);
  config->min_free = (uint64_t)bind_option_integer(L, 3, "min_free", 0, INT64_MAX, 0);
  config->channels = what == MEDIA_WHAT_STEREO ? 2 : 1;
  uint32_t rate = handle && handle->rate ? handle->rate : DEFAULT_RATE;
  config->rate = (uint32_t)bind_option_integer(L, 3, "rate", 8000, AUDIO_LIVE_RATE_MAX, rate);
  if (config->rate % 1000 != 0) bind_bad_value(L, "rate", "thousands of Hz expected");
}

static void take_options(lua_State *L, media_recording *recording, const char *what) {
  recording->what = (media_what)bind_option_name(L, 3, "what", what, whats);
  recording->max_ms = bind_option_ms(L, 3, "max", 0);
  recording->silence_ms = bind_option_ms(L, 3, "silence", 0);
  recording->threshold = (uint32_t)bind_option_integer(L, 3, "threshold", 1, INT16_MAX, 256);
  recording->trim = bind_option_flag(L, 3, "trim", true);
  recording->stop = bind_option_digits(L, 3, "stop", "");
}

/* The beep's program at the top of the stack, or nil. */
static void push_beep(lua_State *L, media_verb_kind kind) {
  int type = lua_getfield(L, 3, "beep");
  if (type == LUA_TNIL) return;
  if (kind != MEDIA_RECORD) bind_bad_value(L, "beep", "only for record");
  if (type != LUA_TTABLE) bind_bad_value(L, "beep", "a program expected");
  bind_media_check_program(L, lua_gettop(L));
}

/* All that a recording needs; 0 or an error. */
static int prepare(lua_State *L, bind_media *self, const media_handle *handle,
                   const media_recorder_config *config, media_recording *recording) {
  sip_alloc *alloc = self->control->alloc;
  int error = 0;
  if (lua_istable(L, -1)) {
    error = bind_media_program(L, lua_gettop(L), self->control, handle, &recording->beep);
  }
  if (error) return error;
  recording->converters = sip_alloc_zero(alloc, 2 * sizeof *recording->converters);
  if (!recording->converters) return SIP_E_MEMORY;
  audio_silence_settings silence = {.threshold = recording->threshold};
  audio_silence_init(&recording->detector, config->rate, &silence);
  return media_recorder_open(alloc, config, &recording->recorder);
}

static int start(lua_State *L, media_verb_kind kind, const char *what) {
  bind_media *self = bind_media_check(L);
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_settop(L, 3);
  const media_handle *handle = media_control_find(self->control, bind_media_id(L, 2));
  media_recorder_config config = {0};
  media_recording draft = {0};
  take_options(L, &draft, what);
  take_file(L, handle, draft.what, &config);
  push_beep(L, kind);
  if (!handle) return bind_media_fail(L, SIP_E_GONE);
  media_verb *verb = media_verb_new(self->control->alloc, kind);
  if (!verb) return bind_media_fail(L, SIP_E_MEMORY);
  int error = prepare(L, self, handle, &config, &draft);
  verb->recording = draft;
  if (!error) return bind_media_add(L, self, verb);
  media_verb_free(self->control->alloc, verb);
  return bind_media_fail(L, error);
}

/* record(id, options) -> verb */
static int record(lua_State *L) {
  return start(L, MEDIA_RECORD, "in");
}

/* monitor(id, options) -> verb */
static int monitor(lua_State *L) {
  return start(L, MEDIA_MONITOR, "both");
}

/* pause(id, verb, on) */
static int pause_recording(lua_State *L) {
  bind_media *self = bind_media_check(L);
  sip_id id = bind_media_id(L, 2);
  uint32_t number = bind_media_number(L, 3);
  luaL_checktype(L, 4, LUA_TBOOLEAN);
  if (!media_control_verb(self->control, id, number)) return bind_media_fail(L, SIP_E_GONE);
  media_command command = {
      .kind = MEDIA_COMMAND_PAUSE, .number = number, .flag = lua_toboolean(L, 4)};
  int error = media_control_tell(self->control, id, &command);
  if (error) return bind_media_fail(L, error);
  self->acted(L, self);
  lua_pushboolean(L, true);
  return 1;
}

const luaL_Reg bind_media_record_methods[] = {
    {"record", record}, {"monitor", monitor}, {"pause", pause_recording}, {NULL, NULL}};
