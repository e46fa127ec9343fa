/* SPDX-License-Identifier: MIT
 *
 * core.likeness: how much of one sound is heard in another.
 */
#include "audio/likeness.h"

#include "binding/binding.h"

/* The samples at an index, 16 bits, little endian, in memory that is aligned. */
static audio_span check_samples(lua_State *L, int index) {
  sip_str text = bind_check_str(L, index);
  size_t count = text.len / 2;
  int16_t *samples = lua_newuserdatauv(L, (count + 1) * sizeof *samples, 0);
  for (size_t i = 0; i < count; i++) {
    const unsigned char *at = (const unsigned char *)text.ptr + 2 * i;
    samples[i] = (int16_t)(at[0] | at[1] << 8);
  }
  return audio_span_make(samples, count);
}

/* core.likeness(said, heard) -> share, at: see audio/likeness.h; `at` in milliseconds */
static int likeness(lua_State *L) {
  lua_settop(L, 2);
  audio_span said = check_samples(L, 1), heard = check_samples(L, 2);
  audio_likeness found = audio_likeness_find(said, heard);
  lua_pushnumber(L, found.share);
  lua_pushinteger(L, (lua_Integer)(found.at / 8));
  return 2;
}

void bind_likeness_open(lua_State *L) {
  lua_pushcfunction(L, likeness);
  lua_setfield(L, -2, "likeness");
}
