/* SPDX-License-Identifier: MIT
 *
 * For specs: the arrows of the transaction machines, by name.
 */
#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#include "sip/transaction.h"

static int find(lua_State *L, int index, const char *(*name_of)(int)) {
  const char *wanted = luaL_checkstring(L, index);
  for (int i = 0; name_of(i); i++) {
    if (strcmp(name_of(i), wanted) == 0) return i;
  }
  return luaL_argerror(L, index, "unknown name");
}

/* arrow(machine, state, input) -> next state, "ACTION ACTION"; nil when ignored. */
static int arrow(lua_State *L) {
  sip_arrow found = sip_transaction_arrow((sip_machine)find(L, 1, sip_machine_name),
                                          (sip_state)find(L, 2, sip_state_name),
                                          (sip_input)find(L, 3, sip_input_name));
  if (found.next == SIP_STATE_NONE) return 0;
  lua_pushstring(L, sip_state_name(found.next));
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  const char *gap = "";
  for (int i = 0; sip_action_name(i); i++) {
    if (!(found.actions >> i & 1)) continue;
    luaL_addstring(&text, gap);
    luaL_addstring(&text, sip_action_name(i));
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

static int machines(lua_State *L) {
  return names(L, sip_machine_name);
}

static int states(lua_State *L) {
  return names(L, sip_state_name);
}

static int inputs(lua_State *L) {
  return names(L, sip_input_name);
}

int luaopen_transaction_table(lua_State *L);

int luaopen_transaction_table(lua_State *L) {
  static const luaL_Reg functions[] = {{"arrow", arrow},
                                       {"machines", machines},
                                       {"states", states},
                                       {"inputs", inputs},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
