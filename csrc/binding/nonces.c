/* SPDX-License-Identifier: MIT
 *
 * core.nonces: nonces of a server, made, looked at and used up.
 */
#include "binding/nonces.h"

#include "base/error.h"
#include "binding/engine.h"
#include "net/random.h"

static const char nonces_class[] = "moonsip.nonces";

sip_nonces *bind_check_nonces(lua_State *L, int index) {
  return bind_class_check(L, index, nonces_class);
}

static sip_nonces *check(lua_State *L) {
  return bind_check_nonces(L, 1);
}

static lua_Integer option(lua_State *L, const char *name, lua_Integer max) {
  lua_getfield(L, 1, name);
  lua_Integer value = luaL_optinteger(L, -1, 0);
  lua_pop(L, 1);
  if (value < 0 || value > max) luaL_error(L, "bad option '%s'", name);
  return value;
}

enum { KEY_LEN = sizeof(sip_hash_key), CAPACITY_MAX = 1 << 24 };

/* nonces{ lifetime = ms, capacity = n, key = 16 bytes, seed = for simulations } */
static int nonces_new(lua_State *L) {
  if (lua_isnoneornil(L, 1)) lua_newtable(L), lua_replace(L, 1);
  luaL_checktype(L, 1, LUA_TTABLE);
  sip_nonces_config config = {.lifetime_ms = option(L, "lifetime", INT64_MAX),
                              .capacity = (size_t)option(L, "capacity", CAPACITY_MAX)};
  lua_getfield(L, 1, "seed");
  if (lua_isnil(L, -1)) config.random = net_random;
  config.seed = (uint64_t)luaL_optinteger(L, -1, 0);
  lua_getfield(L, 1, "key");
  sip_str key = bind_opt_str(L, -1);
  if (key.len && key.len != KEY_LEN) luaL_error(L, "bad option 'key' (16 bytes expected)");
  if (key.len) memcpy(&config.key, key.ptr, KEY_LEN);
  sip_nonces *self = lua_newuserdatauv(L, sizeof *self, 0);
  *self = (sip_nonces){0};
  int error = sip_nonces_init(self, &config);
  if (error) return bind_fail(L, error, NULL);
  bind_class_set(L, nonces_class);
  return 1;
}

static int nonces_gc(lua_State *L) {
  sip_nonces *self = check(L);
  if (self->sets) sip_nonces_deinit(self);
  return 0;
}

/* nonces:new(now, realm) -> nonce */
static int nonces_mint(lua_State *L) {
  sip_nonces *self = check(L);
  sip_time now = luaL_checkinteger(L, 2);
  sip_str realm = bind_check_str(L, 3);
  sip_buffer *out = bind_new_buffer(L);
  sip_nonce_write(self, now, realm, out);
  if (out->failed) return bind_fail(L, SIP_E_MEMORY, NULL);
  bind_push_str(L, sip_buffer_str(out));
  return 1;
}

void bind_push_nonce_verdict(lua_State *L, sip_nonce_verdict verdict) {
  static const char *const names[] = {[SIP_NONCE_GOOD] = "good",
                                      [SIP_NONCE_STALE] = "stale",
                                      [SIP_NONCE_REPLAYED] = "replayed",
                                      [SIP_NONCE_FORGED] = "forged"};
  lua_pushstring(L, names[verdict]);
}

static int push_verdict(lua_State *L, sip_nonce_verdict verdict) {
  bind_push_nonce_verdict(L, verdict);
  return 1;
}

static uint32_t check_count(lua_State *L, int index) {
  lua_Integer count = luaL_optinteger(L, index, 0);
  luaL_argcheck(L, count >= 0 && count <= UINT32_MAX, index, "a nonce count");
  return (uint32_t)count;
}

/* nonces:check(now, realm, nonce, count) -> "good" "stale" "replayed" "forged" */
static int nonces_check(lua_State *L) {
  sip_nonces *self = check(L);
  return push_verdict(L, sip_nonce_check(self, luaL_checkinteger(L, 2), bind_check_str(L, 3),
                                         bind_check_str(L, 4), check_count(L, 5)));
}

/* nonces:use(now, realm, nonce, count): the same, and the count is used up. */
static int nonces_use(lua_State *L) {
  sip_nonces *self = check(L);
  return push_verdict(L, sip_nonce_use(self, luaL_checkinteger(L, 2), bind_check_str(L, 3),
                                       bind_check_str(L, 4), check_count(L, 5)));
}

void bind_nonces_open(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"new", nonces_mint}, {"check", nonces_check}, {"use", nonces_use}, {NULL, NULL}};
  bind_class_open(L, nonces_class);
  lua_pushcfunction(L, nonces_gc);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, nonces_new);
  lua_setfield(L, -2, "nonces");
}
