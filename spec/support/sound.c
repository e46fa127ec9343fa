/* SPDX-License-Identifier: MIT
 *
 * For specs: how well what was heard carries what was said. Both are mono samples of
 * 16 bits, little endian, as Lua strings. None of our own audio code is used here.
 */
#include <lauxlib.h>
#include <lua.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_MS = 20, COARSE_STEP = 7, BLOCK_MS = 100 };

/* A frame counts as speech from here on, and each frame's ratio is kept in bounds, as is
 * usual for segmental SNR. */
static const double active_power = 10000;
static const double ratio_max = 60, ratio_min = -10, ratio_bad = 3;

typedef struct sound {
  const char *bytes;
  long count;
} sound;

static sound check(lua_State *L, int index) {
  size_t len;
  const char *bytes = luaL_checklstring(L, index, &len);
  return (sound){bytes, (long)(len / 2)};
}

static double at(const sound *s, long i) {
  if (i < 0 || i >= s->count) return 0;
  const unsigned char *b = (const unsigned char *)s->bytes + 2 * i;
  return (int16_t)(b[0] | b[1] << 8);
}

typedef struct match {
  double correlation;
  double gain;
} match;

/* How `heard`, begun at `lag`, fits `said`, looking at every step-th sample. */
static match fit(const sound *said, const sound *heard, long lag, long step) {
  double product = 0, said_power = 0, heard_power = 0;
  for (long i = 0; i < said->count; i += step) {
    double a = at(said, i), b = at(heard, i + lag);
    product += a * b;
    said_power += a * a;
    heard_power += b * b;
  }
  if (said_power == 0 || heard_power == 0) return (match){0, 0};
  return (match){product / sqrt(said_power * heard_power), product / said_power};
}

static long find_lag(const sound *said, const sound *heard, long first, long last) {
  double best = -2;
  long coarse = first, lag;
  for (long l = first; l <= last; l += 2) {
    double r = fit(said, heard, l, COARSE_STEP).correlation;
    if (r > best) best = r, coarse = l;
  }
  best = -2;
  lag = coarse;
  for (long l = coarse - 4; l <= coarse + 4; l++) {
    double r = fit(said, heard, l, 1).correlation;
    if (r > best) best = r, lag = l;
  }
  return lag;
}

static double decibels(double signal, double noise) {
  return 10 * log10((signal + 1) / (noise + 1));
}

static void set_number(lua_State *L, const char *name, double value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

/* Compares frame by frame, once the lag is known; the result table is at the top. */
static void compare_frames(lua_State *L, const sound *said, const sound *heard, long lag,
                           double gain, long rate) {
  long size = rate * FRAME_MS / 1000, active = 0, lost = 0, bad = 0;
  double signal = 0, noise = 0, ratios = 0;
  for (long start = 0; start + size <= said->count; start += size) {
    double s = 0, e = 0, h = 0;
    for (long i = start; i < start + size; i++) {
      double wanted = gain * at(said, i), got = at(heard, i + lag);
      s += wanted * wanted;
      e += (got - wanted) * (got - wanted);
      h += got * got;
    }
    signal += s;
    noise += e;
    if (s / (double)size <= active_power * gain * gain) continue;
    double ratio = decibels(s, e);
    active++;
    ratios += fmin(fmax(ratio, ratio_min), ratio_max);
    if (h < s * 0.01)
      lost++;
    else if (ratio < ratio_bad)
      bad++;
  }
  set_number(L, "snr", decibels(signal, noise));
  set_number(L, "segmental_snr", active ? ratios / (double)active : 0);
  set_number(L, "active", (double)active);
  set_number(L, "lost", (double)lost);
  set_number(L, "bad", (double)bad);
}

/* compare(said, heard, rate [, from_ms [, to_ms]]): { lag_ms, gain, correlation, snr,
 * segmental_snr (dB), active, lost, bad (frames) }. The lag is searched for between
 * from_ms (-500) and to_ms (all that was heard). */
static int sound_compare(lua_State *L) {
  sound said = check(L, 1), heard = check(L, 2);
  long rate = (long)luaL_checkinteger(L, 3);
  long first = (long)luaL_optinteger(L, 4, -500) * rate / 1000;
  long last = lua_isnoneornil(L, 5) ? heard.count : (long)luaL_checkinteger(L, 5) * rate / 1000;
  long lag = find_lag(&said, &heard, first, last);
  match m = fit(&said, &heard, lag, 1);
  lua_newtable(L);
  set_number(L, "lag_ms", 1000.0 * (double)lag / (double)rate);
  set_number(L, "gain", m.gain);
  set_number(L, "correlation", m.correlation);
  compare_frames(L, &said, &heard, lag, m.gain, rate);
  return 1;
}

/* Share of the block's power at a frequency (Goertzel), from 0 to 1. */
static double share(const sound *s, long start, long size, double turn) {
  double w = 2 * cos(turn), s1 = 0, s2 = 0, power = 1e-9;
  for (long i = start; i < start + size; i++) {
    double x = at(s, i), s0 = x + w * s1 - s2;
    s2 = s1;
    s1 = s0;
    power += x * x;
  }
  return 2 * (s1 * s1 + s2 * s2 - w * s1 * s2) / (double)size / power;
}

/* tone(heard, rate, frequency): a list with that share for each 100 ms. */
static int sound_tone(lua_State *L) {
  sound heard = check(L, 1);
  long rate = (long)luaL_checkinteger(L, 2), size = rate * BLOCK_MS / 1000;
  double turn = 2 * 3.14159265358979323846 * luaL_checknumber(L, 3) / (double)rate;
  lua_newtable(L);
  for (long start = 0, n = 1; start + size <= heard.count; start += size, n++) {
    lua_pushnumber(L, share(&heard, start, size, turn));
    lua_rawseti(L, -2, n);
  }
  return 1;
}

/* level(heard): root mean square of all samples. */
static int sound_level(lua_State *L) {
  sound heard = check(L, 1);
  double power = 0;
  for (long i = 0; i < heard.count; i++) power += at(&heard, i) * at(&heard, i);
  lua_pushnumber(L, heard.count ? sqrt(power / (double)heard.count) : 0);
  return 1;
}

int luaopen_sound(lua_State *L);
int luaopen_sound(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"compare", sound_compare}, {"tone", sound_tone}, {"level", sound_level}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
