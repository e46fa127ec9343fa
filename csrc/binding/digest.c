/* SPDX-License-Identifier: MIT
 *
 * core.digest: the calculation of RFC 7616, as functions over a table of its parts.
 */
#include "auth/digest.h"
#include "base/error.h"
#include "binding/binding.h"

#define HASHER_CLASS "moonsip.hasher"

static sip_hasher *hasher_of(lua_State *L) {
  return lua_touserdata(L, lua_upvalueindex(1));
}

static sip_str field(lua_State *L, const char *name) {
  lua_getfield(L, 1, name);
  if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING) {
    luaL_error(L, "bad option '%s' (a string expected, got %s)", name, luaL_typename(L, -1));
  }
  sip_str text = bind_opt_str(L, -1); /* the table keeps it */
  lua_pop(L, 1);
  return text;
}

static sip_qop check_qop(lua_State *L, sip_str qop) {
  if (qop.len == 0) return SIP_QOP_NONE;
  if (sip_str_equal_nocase(qop, SIP_STR("auth"))) return SIP_QOP_AUTH;
  if (sip_str_equal_nocase(qop, SIP_STR("auth-int"))) return SIP_QOP_AUTH_INT;
  luaL_error(L, "bad option 'qop' (auth or auth-int expected)");
  return SIP_QOP_NONE;
}

static sip_digest check_digest(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  sip_digest digest = {.ha1 = field(L, "ha1"),
                       .username = field(L, "username"),
                       .realm = field(L, "realm"),
                       .password = field(L, "password"),
                       .nonce = field(L, "nonce"),
                       .cnonce = field(L, "cnonce"),
                       .nc = field(L, "nc"),
                       .method = field(L, "method"),
                       .uri = field(L, "uri"),
                       .body = field(L, "body"),
                       .qop = check_qop(L, field(L, "qop"))};
  if (!sip_digest_parse_algorithm(field(L, "algorithm"), &digest.algorithm, &digest.session)) {
    luaL_error(L, "bad option 'algorithm' (MD5, SHA-256, SHA-512-256, or one of them with -sess)");
  }
  return digest;
}

typedef sip_str (*calculation)(sip_hasher *, const sip_digest *, char *);

static int push_hex(lua_State *L, calculation calculate) {
  sip_digest digest = check_digest(L);
  char hex[SIP_HASH_HEX_MAX];
  sip_str text = calculate(hasher_of(L), &digest, hex);
  if (text.len == 0) return bind_fail(L, SIP_E_STATE, "OpenSSL has no such hash function here");
  bind_push_str(L, text);
  return 1;
}

static int digest_response(lua_State *L) {
  return push_hex(L, sip_digest_response);
}

static int digest_rspauth(lua_State *L) {
  return push_hex(L, sip_digest_rspauth);
}

static int digest_ha1(lua_State *L) {
  return push_hex(L, sip_digest_ha1);
}

static int digest_equal(lua_State *L) {
  lua_pushboolean(L, sip_digest_equal(bind_check_str(L, 1), bind_check_str(L, 2)));
  return 1;
}

/* Whether the algorithm is known and its hash function is there. */
static int digest_has(lua_State *L) {
  sip_algorithm algorithm;
  bool session;
  bool known = sip_digest_parse_algorithm(bind_check_str(L, 1), &algorithm, &session);
  lua_pushboolean(L, known && sip_hasher_has(hasher_of(L), algorithm));
  return 1;
}

static int hasher_gc(lua_State *L) {
  sip_hasher_deinit(luaL_checkudata(L, 1, HASHER_CLASS));
  return 0;
}

void bind_digest_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"response", digest_response}, {"rspauth", digest_rspauth},
                                       {"ha1", digest_ha1},           {"equal", digest_equal},
                                       {"has", digest_has},           {NULL, NULL}};
  luaL_newlibtable(L, functions);
  sip_hasher *hasher = lua_newuserdatauv(L, sizeof *hasher, 0);
  *hasher = (sip_hasher){0};
  if (luaL_newmetatable(L, HASHER_CLASS)) {
    lua_pushcfunction(L, hasher_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  if (sip_hasher_init(hasher)) luaL_error(L, "no memory for a hash function");
  luaL_setfuncs(L, functions, 1);
  lua_setfield(L, -2, "digest");
}
