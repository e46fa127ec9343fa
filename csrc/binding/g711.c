/* SPDX-License-Identifier: MIT
 *
 * core.ulaw and core.linear: samples as the bytes of PCMU (RFC 3551 4.5.14), and back.
 */
#include "audio/g711.h"

#include "binding/binding.h"

enum { CHUNK = 512, SAMPLE = 2 };

/* core.ulaw(samples): 16-bit little-endian ones */
static int to_ulaw(lua_State *L) {
  sip_str in = bind_check_str(L, 1);
  int16_t samples[CHUNK];
  uint8_t bytes[CHUNK];
  luaL_Buffer out;
  luaL_buffinit(L, &out);
  for (size_t at = 0; at + 1 < in.len;) {
    size_t count = 0;
    for (; count < CHUNK && at + 1 < in.len; at += SAMPLE, count++) {
      samples[count] = (int16_t)((uint8_t)in.ptr[at] | (uint8_t)in.ptr[at + 1] << 8);
    }
    audio_ulaw_encode((audio_span){samples, count}, bytes);
    luaL_addlstring(&out, (const char *)bytes, count);
  }
  luaL_pushresult(&out);
  return 1;
}

/* core.linear(bytes) */
static int from_ulaw(lua_State *L) {
  sip_str in = bind_check_str(L, 1);
  luaL_Buffer out;
  char *to = luaL_buffinitsize(L, &out, in.len * SAMPLE);
  for (size_t at = 0; at < in.len; at++) {
    uint16_t sample = (uint16_t)audio_ulaw_values[(uint8_t)in.ptr[at]];
    to[at * SAMPLE] = (char)(sample & UINT8_MAX);
    to[at * SAMPLE + 1] = (char)(sample >> 8);
  }
  luaL_pushresultsize(&out, in.len * SAMPLE);
  return 1;
}

void bind_g711_open(lua_State *L) {
  lua_pushcfunction(L, to_ulaw);
  lua_setfield(L, -2, "ulaw");
  lua_pushcfunction(L, from_ulaw);
  lua_setfield(L, -2, "linear");
}
