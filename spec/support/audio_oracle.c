/* SPDX-License-Identifier: MIT
 *
 * For specs: what others make of the same sounds: spandsp's digits, speexdsp's resampler,
 * libsndfile's files.
 */
#include <lauxlib.h>
#include <lua.h>
#include <sndfile.h>
#include <spandsp.h>
#include <speex/speex_resampler.h>

static const int16_t *check_samples(lua_State *L, int index, int *count) {
  size_t len;
  const char *ptr = luaL_checklstring(L, index, &len);
  *count = (int)(len / 2);
  return (const int16_t *)(const void *)ptr;
}

static void add_digits(void *buffer, const char *digits, int count) {
  luaL_addlstring(buffer, digits, (size_t)count);
}

/* hear_digits(samples of 8 kHz) -> digits */
static int hear_digits(lua_State *L) {
  int count;
  const int16_t *samples = check_samples(L, 1, &count);
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  dtmf_rx_state_t *rx = dtmf_rx_init(NULL, add_digits, &buffer);
  for (int at = 0; at < count; at += 160) {
    dtmf_rx(rx, samples + at, count - at < 160 ? count - at : 160);
  }
  dtmf_rx_free(rx);
  luaL_pushresult(&buffer);
  return 1;
}

/* make_digits(digits, on, off, dBm0, twist) -> samples of 8 kHz; twist: the high group
 * louder by so many dB */
static int make_digits(lua_State *L) {
  luaL_Buffer buffer;
  dtmf_tx_state_t *tx = dtmf_tx_init(NULL);
  dtmf_tx_set_timing(tx, (int)luaL_checkinteger(L, 2), (int)luaL_checkinteger(L, 3));
  dtmf_tx_set_level(tx, (int)luaL_checkinteger(L, 4), (int)luaL_optinteger(L, 5, 0));
  dtmf_tx_put(tx, luaL_checkstring(L, 1), -1);
  luaL_buffinit(L, &buffer);
  int16_t out[160];
  int count;
  while ((count = dtmf_tx(tx, out, 160)) > 0) {
    luaL_addlstring(&buffer, (const char *)out, (size_t)count * 2);
  }
  dtmf_tx_free(tx);
  luaL_pushresult(&buffer);
  return 1;
}

/* resample(samples, from, to, quality) -> samples, without the delay */
static int resample(lua_State *L) {
  int count, error;
  const int16_t *samples = check_samples(L, 1, &count);
  spx_uint32_t from = (spx_uint32_t)luaL_checkinteger(L, 2);
  spx_uint32_t to = (spx_uint32_t)luaL_checkinteger(L, 3);
  SpeexResamplerState *r = speex_resampler_init(1, from, to, (int)luaL_checkinteger(L, 4), &error);
  if (!r) return luaL_error(L, "speexdsp refuses");
  speex_resampler_skip_zeros(r);
  spx_uint32_t in = (spx_uint32_t)count, out = (spx_uint32_t)((uint64_t)in * to / from + 1000);
  int16_t *result = lua_newuserdatauv(L, out * sizeof *result, 0);
  speex_resampler_process_int(r, 0, samples, &in, result, &out);
  speex_resampler_destroy(r);
  lua_pushlstring(L, (const char *)result, out * sizeof *result);
  return 1;
}

/* write_file(path, format, channels, rate, samples): what libsndfile writes; format is its
 * SF_FORMAT number */
static int write_file(lua_State *L) {
  int count;
  const int16_t *samples = check_samples(L, 5, &count);
  SF_INFO info = {.format = (int)luaL_checkinteger(L, 2),
                  .channels = (int)luaL_checkinteger(L, 3),
                  .samplerate = (int)luaL_checkinteger(L, 4)};
  SNDFILE *file = sf_open(luaL_checkstring(L, 1), SFM_WRITE, &info);
  if (!file) return luaL_error(L, "%s", sf_strerror(NULL));
  sf_write_short(file, samples, count);
  sf_close(file);
  return 0;
}

/* read_file(path) -> samples of all channels, channels, rate */
static int read_file(lua_State *L) {
  SF_INFO info = {0};
  SNDFILE *file = sf_open(luaL_checkstring(L, 1), SFM_READ, &info);
  if (!file) return luaL_error(L, "%s", sf_strerror(NULL));
  sf_count_t count = info.frames * info.channels;
  int16_t *samples = lua_newuserdatauv(L, (size_t)count * sizeof *samples + 1, 0);
  count = sf_read_short(file, samples, count);
  sf_close(file);
  lua_pushlstring(L, (const char *)samples, (size_t)count * sizeof *samples);
  lua_pushinteger(L, info.channels);
  lua_pushinteger(L, info.samplerate);
  return 3;
}

int luaopen_audio_oracle(lua_State *L);

int luaopen_audio_oracle(lua_State *L) {
  const luaL_Reg functions[] = {{"hear_digits", hear_digits}, {"make_digits", make_digits},
                                {"resample", resample},       {"write_file", write_file},
                                {"read_file", read_file},     {0}};
  luaL_newlib(L, functions);
  return 1;
}
