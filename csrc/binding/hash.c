/* SPDX-License-Identifier: MIT
 *
 * core.hash: 64 bits of a text, chained to those of what came before. It tells two
 * runs of a simulation apart, and is no secret.
 */
#include "base/hash.h"

#include "binding/binding.h"

/* hash(text, previous or 0) -> integer */
static int hash(lua_State *L) {
  sip_str text = bind_check_str(L, 1);
  sip_hash_key key = {.k0 = (uint64_t)luaL_optinteger(L, 2, 0)};
  lua_pushinteger(L, (lua_Integer)sip_hash(key, text));
  return 1;
}

void bind_hash_open(lua_State *L) {
  lua_pushcfunction(L, hash);
  lua_setfield(L, -2, "hash");
}
