/* SPDX-License-Identifier: MIT
 *
 * For specs: the arrows of a proxied request's branches by name, and which of two
 * responses is the better one.
 */
#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#include "sip/proxy.h"

static int find(lua_State *L, int index, const char *(*name_of)(int)) {
  const char *wanted = luaL_checkstring(L, index);
  for (int i = 0; name_of(i); i++) {
    if (strcmp(name_of(i), wanted) == 0) return i;
  }
  return luaL_argerror(L, index, "unknown name");
}

/* arrow(state, input) -> next state, "ACTION ACTION"; nil when it means nothing. */
static int arrow(lua_State *L) {
  sip_branch_arrow found = sip_branch_arrow_of((sip_branch_state)find(L, 1, sip_branch_state_name),
                                               (sip_branch_input)find(L, 2, sip_branch_input_name));
  if (!found.exists) return 0;
  lua_pushstring(L, sip_branch_state_name(found.next));
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  const char *gap = "";
  for (int i = 0; sip_branch_action_name(i); i++) {
    if (!(found.actions >> i & 1)) continue;
    luaL_addstring(&text, gap);
    luaL_addstring(&text, sip_branch_action_name(i));
    gap = " ";
  }
  luaL_pushresult(&text);
  return 2;
}

static int names(lua_State *L, const char *(*name_of)(int)) {
  lua_newtable(L);
  for (int i = 0; name_of(i); i++) {
    lua_pushstring(L, name_of(i));
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

static int states(lua_State *L) {
  return names(L, sip_branch_state_name);
}

static int inputs(lua_State *L) {
  return names(L, sip_branch_input_name);
}

/* compare(status, other, cancelled) -> 1, 0 or -1 */
static int compare(lua_State *L) {
  lua_pushinteger(L, sip_proxy_compare((int)luaL_checkinteger(L, 1), (int)luaL_checkinteger(L, 2),
                                       lua_toboolean(L, 3)));
  return 1;
}

int luaopen_proxy_face(lua_State *L);

int luaopen_proxy_face(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"arrow", arrow}, {"states", states}, {"inputs", inputs}, {"compare", compare}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
