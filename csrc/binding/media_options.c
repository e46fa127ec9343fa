/* SPDX-License-Identifier: MIT
 *
 * Options of media's tables, checked: a wrong one raises and names itself.
 */
#include "audio/gain.h"
#include "binding/media.h"
#include "binding/object.h"

sip_id bind_media_id(lua_State *L, int index) {
  return (sip_id)luaL_checkinteger(L, index);
}

uint32_t bind_media_number(lua_State *L, int index) {
  lua_Integer number = luaL_checkinteger(L, index);
  return number > 0 && number <= UINT32_MAX ? (uint32_t)number : 0;
}

lua_Integer bind_option_integer(lua_State *L, int index, const char *name, lua_Integer least,
                                lua_Integer most, lua_Integer default_value) {
  lua_Integer value = default_value;
  if (lua_getfield(L, index, name) != LUA_TNIL) {
    int is_integer;
    value = lua_tointegerx(L, -1, &is_integer);
    if (!is_integer || value < least || value > most) {
      bind_bad_value(L, name, lua_pushfstring(L, "an integer from %I to %I expected", least, most));
    }
  }
  lua_pop(L, 1);
  return value;
}

uint64_t bind_option_ms(lua_State *L, int index, const char *name, lua_Integer default_value) {
  return (uint64_t)bind_option_integer(L, index, name, 0, INT32_MAX, default_value);
}

bool bind_option_flag(lua_State *L, int index, const char *name, bool default_value) {
  bool value = default_value;
  int type = lua_getfield(L, index, name);
  if (type != LUA_TNIL) {
    if (type != LUA_TBOOLEAN) bind_bad_value(L, name, "true or false expected");
    value = lua_toboolean(L, -1);
  }
  lua_pop(L, 1);
  return value;
}

audio_gain bind_option_gain(lua_State *L, int index, const char *name) {
  audio_gain gain = AUDIO_GAIN_UNITY;
  if (lua_getfield(L, index, name) != LUA_TNIL) {
    int is_number;
    lua_Number db = lua_tonumberx(L, -1, &is_number);
    bool fits = is_number && db >= AUDIO_GAIN_DB_MIN && db <= AUDIO_GAIN_DB_MAX;
    if (!fits) bind_bad_value(L, name, "decibels from -90 to 40 expected");
    gain = audio_gain_of_db(db);
  }
  lua_pop(L, 1);
  return gain;
}

media_digit_set bind_option_digits(lua_State *L, int index, const char *name,
                                   const char *default_value) {
  media_digit_set set = 0;
  lua_getfield(L, index, name);
  const char *text = lua_isnil(L, -1) ? default_value : lua_tostring(L, -1);
  if (!text) bind_bad_value(L, name, "digits or \"any\" expected");
  if (strcmp(text, "any") == 0) {
    set = MEDIA_DIGITS_ANY;
  } else {
    for (const char *at = text; *at; at++) {
      int number = rtp_event_of_digit(*at);
      if (number < 0) bind_bad_value(L, name, "only 0-9 * # A-D are digits");
      set |= (media_digit_set)(1u << number);
    }
  }
  lua_pop(L, 1);
  return set;
}

int bind_option_name(lua_State *L, int index, const char *name, const char *default_value,
                     const char *const *names) {
  lua_getfield(L, index, name);
  const char *text = lua_isnil(L, -1) ? default_value : lua_tostring(L, -1);
  int found = -1;
  for (int i = 0; text && names[i]; i++) {
    if (strcmp(names[i], text) == 0) found = i;
  }
  if (found < 0) bind_bad_value(L, name, text ? text : "a string expected");
  lua_pop(L, 1);
  return found;
}
