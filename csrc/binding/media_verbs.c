/* SPDX-License-Identifier: MIT
 *
 * core.media: play, gather, dtmf, detect, background, and the end of verbs.
 */
#include "base/error.h"
#include "binding/media.h"
#include "binding/object.h"
#include "media/order.h"

enum { LEVEL_LEAST = -63 /* dBm0 (RFC 4733 2.3.2) */ };

static media_handle *check_party(lua_State *L, const bind_media *self) {
  media_handle *handle = media_control_find(self->control, bind_media_id(L, 2));
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_settop(L, 3);
  return handle;
}

int bind_media_add(lua_State *L, bind_media *self, media_verb *verb) {
  uint32_t number;
  int error = media_control_add(self->control, bind_media_id(L, 2), verb, &number);
  if (error) return bind_media_fail(L, error);
  self->acted(L, self);
  lua_pushinteger(L, number);
  return 1;
}

/* --- play ------------------------------------------------------------------------- */

/* play(id, program) -> verb */
static int play(lua_State *L) {
  bind_media *self = bind_media_check(L);
  const media_handle *handle = check_party(L, self);
  media_play draft = {.stop = bind_option_digits(L, 3, "stop", ""),
                      .mix = bind_option_flag(L, 3, "mix", false)};
  uint64_t max_ms = bind_option_ms(L, 3, "max", 0);
  bind_media_check_program(L, 3);
  if (!handle) return bind_media_fail(L, SIP_E_GONE);
  media_verb *verb = media_verb_new(self->control->alloc, MEDIA_PLAY);
  if (!verb) return bind_media_fail(L, SIP_E_MEMORY);
  int error = bind_media_program(L, 3, self->control, handle, &draft.program);
  verb->play = draft;
  verb->play.program.max_ms = max_ms;
  if (!error) return bind_media_add(L, self, verb);
  media_verb_free(self->control->alloc, verb);
  return bind_media_fail(L, error);
}

/* background(id, program | nil) */
static int background(lua_State *L) {
  bind_media *self = bind_media_check(L);
  sip_id id = bind_media_id(L, 2);
  media_verb *verb = NULL;
  int error = 0;
  if (!lua_isnoneornil(L, 3)) {
    const media_handle *handle = check_party(L, self);
    bind_media_check_program(L, 3);
    if (!handle) return bind_media_fail(L, SIP_E_GONE);
    verb = media_verb_new(self->control->alloc, MEDIA_BACKGROUND);
    if (!verb) return bind_media_fail(L, SIP_E_MEMORY);
    error = bind_media_program(L, 3, self->control, handle, &verb->play.program);
    verb->play.program.rounds = 0;
  }
  if (error) {
    media_verb_free(self->control->alloc, verb);
    return bind_media_fail(L, error);
  }
  error = media_control_background(self->control, id, verb);
  if (error) return bind_media_fail(L, error);
  self->acted(L, self);
  lua_pushboolean(L, true);
  return 1;
}

/* --- gather ----------------------------------------------------------------------- */

/* digits = { "012", ... }: the sets of each place. */
static void take_places(lua_State *L, media_gather *gather) {
  if (lua_getfield(L, 3, "digits") != LUA_TNIL) {
    if (!lua_istable(L, -1)) bind_bad_value(L, "digits", "a list of strings expected");
    lua_Integer count = luaL_len(L, -1);
    if (count < 1 || count > MEDIA_DIGITS_MAX) bind_bad_value(L, "digits", "1 to 32 places");
    for (lua_Integer i = 1; i <= count; i++) {
      lua_rawgeti(L, -1, i);
      lua_createtable(L, 0, 1);
      lua_insert(L, -2);
      lua_setfield(L, -2, "digits");
      gather->allowed[i - 1] = bind_option_digits(L, lua_absindex(L, -1), "digits", "");
      lua_pop(L, 1);
    }
    gather->places = gather->max = (uint8_t)count;
  }
  lua_pop(L, 1);
}

static void take_gather(lua_State *L, media_gather *gather) {
  gather->max = (uint8_t)bind_option_integer(L, 3, "max", 1, MEDIA_DIGITS_MAX, MEDIA_DIGITS_MAX);
  take_places(L, gather);
  gather->min = (uint8_t)bind_option_integer(L, 3, "min", 0, gather->max, 0);
  gather->stop = bind_option_digits(L, 3, "stop", "#");
  gather->timeout_ms = (uint32_t)bind_option_ms(L, 3, "timeout", 5000);
  gather->interdigit_ms = (uint32_t)bind_option_ms(L, 3, "interdigit", 3000);
  gather->barge = bind_option_flag(L, 3, "barge", true);
  gather->flush = bind_option_flag(L, 3, "flush", false);
}

/* gather(id, program) -> verb */
static int gather(lua_State *L) {
  bind_media *self = bind_media_check(L);
  const media_handle *handle = check_party(L, self);
  media_gather draft = {0};
  take_gather(L, &draft);
  bind_media_check_program(L, 3);
  if (!handle) return bind_media_fail(L, SIP_E_GONE);
  media_verb *verb = media_verb_new(self->control->alloc, MEDIA_GATHER);
  if (!verb) return bind_media_fail(L, SIP_E_MEMORY);
  int error = bind_media_program(L, 3, self->control, handle, &draft.program);
  verb->gather = draft;
  if (!error) return bind_media_add(L, self, verb);
  media_verb_free(self->control->alloc, verb);
  return bind_media_fail(L, error);
}

/* --- dtmf ----------------------------------------------------------------------------------------
 */

static void take_digits(lua_State *L, media_dtmf *dtmf) {
  lua_getfield(L, 3, "digits");
  size_t len = 0;
  const char *digits = lua_tolstring(L, -1, &len);
  if (!digits || len == 0 || len > MEDIA_DTMF_MAX) {
    bind_bad_value(L, "digits", "1 to 64 digits and pauses expected");
    return;
  }
  for (size_t i = 0; i < len; i++) {
    bool is_pause = digits[i] == 'w' || digits[i] == 'W' || digits[i] == ',';
    if (!is_pause && rtp_event_of_digit(digits[i]) < 0) {
      bind_bad_value(L, "digits", "only 0-9 * # A-D, and w W , for pauses");
    }
  }
  memcpy(dtmf->digits, digits, len);
  lua_pop(L, 1);
}

/* dtmf(id, { digits, ms, gap, volume, how }) -> verb */
static int dtmf(lua_State *L) {
  static const char *const hows[] = {"auto", "events", "inband", NULL};
  bind_media *self = bind_media_check(L);
  const media_handle *handle = check_party(L, self);
  media_dtmf draft = {0};
  take_digits(L, &draft);
  draft.on_ms = (uint32_t)bind_option_integer(L, 3, "ms", 20, 8000, RTP_EVENT_DURATION_MS);
  draft.gap_ms = (uint32_t)bind_option_integer(L, 3, "gap", 20, 8000, RTP_EVENT_GAP_MS);
  draft.volume = (uint8_t)-bind_option_integer(L, 3, "volume", LEVEL_LEAST, 0, -RTP_EVENT_VOLUME);
  draft.how = (media_dtmf_how)bind_option_name(L, 3, "how", "auto", hows);
  if (!handle) return bind_media_fail(L, SIP_E_GONE);
  media_verb *verb = media_verb_new(self->control->alloc, MEDIA_DTMF);
  if (!verb) return bind_media_fail(L, SIP_E_MEMORY);
  verb->dtmf = draft;
  return bind_media_add(L, self, verb);
}

/* --- detect ----------------------------------------------------------------------- */

static void take_answering(lua_State *L, media_detect *detect) {
  int type = lua_getfield(L, 3, "amd");
  detect->amd = type == LUA_TTABLE || lua_toboolean(L, -1);
  if (type == LUA_TTABLE) {
    int index = lua_absindex(L, -1);
    audio_answering_settings *settings = &detect->answering_settings;
#define OPTION(field, name) \
  settings->field = (uint32_t)bind_option_integer(L, index, name, 0, 3600000, 0)
    OPTION(initial_silence, "initial");
    OPTION(greeting, "greeting");
    OPTION(after_greeting_silence, "after");
    OPTION(total, "total");
    OPTION(min_word, "word");
    OPTION(between_words, "between");
    OPTION(max_words, "words");
    OPTION(threshold, "threshold");
#undef OPTION
  } else if (type != LUA_TNIL && type != LUA_TBOOLEAN) {
    bind_bad_value(L, "amd", "true, false or a table expected");
  }
  lua_pop(L, 1);
}

/* detect(id, { amd, beep, fax, tone, silence, speech, max, report }) -> verb */
static int detect(lua_State *L) {
  bind_media *self = bind_media_check(L);
  const media_handle *handle = check_party(L, self);
  media_detect draft = {.beep = bind_option_flag(L, 3, "beep", false),
                        .fax = bind_option_flag(L, 3, "fax", false),
                        .tone = bind_option_flag(L, 3, "tone", false),
                        .report = bind_option_flag(L, 3, "report", false),
                        .silence_ms = bind_option_ms(L, 3, "silence", 0),
                        .speech_ms = bind_option_ms(L, 3, "speech", 0),
                        .max_ms = bind_option_ms(L, 3, "max", 0)};
  draft.threshold = (uint32_t)bind_option_integer(L, 3, "threshold", 1, INT16_MAX, 256);
  take_answering(L, &draft);
  if (!handle) return bind_media_fail(L, SIP_E_GONE);
  media_verb *verb = media_verb_new(self->control->alloc, MEDIA_DETECT);
  if (!verb) return bind_media_fail(L, SIP_E_MEMORY);
  verb->detect = draft;
  return bind_media_add(L, self, verb);
}

/* --- The end ---------------------------------------------------------------------- */

/* stop(id [, verb]) */
static int stop(lua_State *L) {
  bind_media *self = bind_media_check(L);
  uint32_t number = 0;
  if (!lua_isnoneornil(L, 3)) {
    number = bind_media_number(L, 3);
    if (number == 0) return bind_media_fail(L, SIP_E_GONE);
  }
  int error = media_control_stop(self->control, bind_media_id(L, 2), number);
  if (error) return bind_media_fail(L, error);
  self->acted(L, self);
  lua_pushboolean(L, true);
  return 1;
}

const luaL_Reg bind_media_verb_methods[] = {
    {"play", play},     {"gather", gather}, {"dtmf", dtmf}, {"background", background},
    {"detect", detect}, {"stop", stop},     {NULL, NULL}};
