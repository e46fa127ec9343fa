/* SPDX-License-Identifier: MIT
 *
 * core.tls: who we are over TLS and whom we trust.
 */
#include "binding/tls.h"

#include "base/error.h"

#define TLS_CLASS "moonsip.tls"

net_tls *bind_opt_tls(lua_State *L, int index) {
  if (lua_isnoneornil(L, index)) return NULL;
  return *(net_tls **)luaL_checkudata(L, index, TLS_CLASS);
}

static int fail(lua_State *L, const char *why) {
  bind_fail(L, SIP_E_TLS, why);
  lua_pushliteral(L, "io");
  lua_setfield(L, -2, "kind");
  return 2;
}

/* The string of a field of the table at the index, which keeps it; NULL for nil. */
static const char *get_text(lua_State *L, int index, const char *name) {
  const char *text = NULL;
  if (lua_getfield(L, index, name) != LUA_TNIL) {
    if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "bad option '%s' (string expected)", name);
    text = lua_tostring(L, -1);
  }
  lua_pop(L, 1);
  return text;
}

static bool get_flag(lua_State *L, const char *name) {
  lua_getfield(L, 1, name);
  bool is_set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is_set;
}

/* Their number. */
static size_t read_identities(lua_State *L, net_tls_identity *out) {
  if (lua_getfield(L, 1, "identities") == LUA_TNIL) return 0;
  luaL_checktype(L, -1, LUA_TTABLE);
  lua_Integer count = luaL_len(L, -1);
  luaL_argcheck(L, count <= NET_TLS_IDENTITIES_MAX, 1, "too many identities");
  for (lua_Integer i = 1; i <= count; i++) {
    lua_geti(L, -1, i);
    luaL_checktype(L, -1, LUA_TTABLE);
    int at = lua_gettop(L);
    out[i - 1].certificate = get_text(L, at, "certificate");
    out[i - 1].key = get_text(L, at, "key");
    luaL_argcheck(L, out[i - 1].certificate, 1, "an identity without certificate");
    lua_pop(L, 1);
  }
  return (size_t)count;
}

/* core.tls{ identities = { { certificate, key }, ... }, authorities, revoked, ciphers,
 * trusts_anybody, wants_1_3, is_web, clients = "any" | "checked" | "required" } */
static int tls_new(lua_State *L) {
  static const char *const clients[] = {
      [NET_TLS_ANY_CLIENT] = "any",
      [NET_TLS_CHECKED_CLIENT] = "checked",
      [NET_TLS_REQUIRED_CLIENT] = "required",
      NULL,
  };
  net_tls_identity identities[NET_TLS_IDENTITIES_MAX];
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  net_tls_config config = {.identities = identities,
                           .authorities = get_text(L, 1, "authorities"),
                           .revoked = get_text(L, 1, "revoked"),
                           .ciphers = get_text(L, 1, "ciphers"),
                           .trusts_anybody = get_flag(L, "trusts_anybody"),
                           .wants_1_3 = get_flag(L, "wants_1_3"),
                           .is_web = get_flag(L, "is_web")};
  config.identity_count = read_identities(L, identities);
  lua_getfield(L, 1, "clients");
  config.clients = (net_tls_clients)luaL_checkoption(L, -1, clients[NET_TLS_ANY_CLIENT], clients);
  net_tls **self = lua_newuserdatauv(L, sizeof(net_tls *), 0);
  *self = NULL;
  luaL_setmetatable(L, TLS_CLASS);
  char why[NET_TLS_WHY_SIZE];
  *self = net_tls_new(&config, why);
  return *self ? 1 : fail(L, why);
}

static int tls_gc(lua_State *L) {
  net_tls **self = luaL_checkudata(L, 1, TLS_CLASS);
  net_tls_release(*self);
  *self = NULL;
  return 0;
}

static int tls_reload(lua_State *L) {
  char why[NET_TLS_WHY_SIZE];
  net_tls **self = luaL_checkudata(L, 1, TLS_CLASS);
  if (!net_tls_reload(*self, why)) return fail(L, why);
  lua_pushboolean(L, true);
  return 1;
}

static int tls_has_changed(lua_State *L) {
  net_tls **self = luaL_checkudata(L, 1, TLS_CLASS);
  lua_pushboolean(L, net_tls_has_changed(*self));
  return 1;
}

void bind_tls_open(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"reload", tls_reload}, {"has_changed", tls_has_changed}, {NULL, NULL}};
  luaL_newmetatable(L, TLS_CLASS);
  lua_pushcfunction(L, tls_gc);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, tls_new);
  lua_setfield(L, -2, "tls");
}
