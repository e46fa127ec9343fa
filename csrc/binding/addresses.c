/* SPDX-License-Identifier: MIT
 *
 * core.addresses: a list of networks, and whether an address is in one of them.
 */
#include "binding/addresses.h"

#include "base/error.h"

#define ADDRESSES_CLASS "moonsip.address_list"

enum { IN_LIST = 1 };

typedef struct bind_addresses {
  sip_alloc alloc;
  guard_addresses list;
} bind_addresses;

static bind_addresses *check(lua_State *L) {
  return luaL_checkudata(L, 1, ADDRESSES_CLASS);
}

const guard_network *bind_check_networks(lua_State *L, int index, size_t *count) {
  luaL_checktype(L, index, LUA_TTABLE);
  *count = lua_rawlen(L, index);
  luaL_argcheck(L, *count <= GUARD_NETWORKS_MAX, index, "too many networks");
  guard_network *networks = lua_newuserdatauv(L, (*count + 1) * sizeof *networks, 0);
  for (size_t i = 0; i < *count; i++) {
    lua_rawgeti(L, index, (lua_Integer)i + 1);
    sip_str text = bind_check_str(L, -1);
    if (!guard_network_parse(text, &networks[i])) {
      lua_pushfstring(L, "\"%s\" is no address or network such as 192.0.2.0/24", text.ptr);
      bind_fail(L, SIP_E_INVALID, lua_tostring(L, -1));
      return NULL;
    }
    lua_pop(L, 1);
  }
  return networks;
}

sip_sockaddr bind_check_ip(lua_State *L, int index) {
  sip_sockaddr address;
  sip_str text = bind_check_str(L, index);
  bool is_ip = sip_sockaddr_parse(text, 0, &address) && *text.ptr != '[';
  luaL_argcheck(L, is_ip, index, "an IP address");
  return address;
}

/* addresses(list of networks); or nil and an error */
static int addresses_new(lua_State *L) {
  size_t count;
  const guard_network *networks = bind_check_networks(L, 1, &count);
  if (!networks) return 2;
  bind_addresses *self = lua_newuserdatauv(L, sizeof *self, 0);
  sip_alloc_init(&self->alloc, NULL, NULL);
  guard_addresses_init(&self->list, &self->alloc);
  luaL_setmetatable(L, ADDRESSES_CLASS);
  int error = guard_addresses_add(&self->list, networks, count, IN_LIST);
  return error ? bind_fail(L, error, NULL) : 1;
}

static int addresses_gc(lua_State *L) {
  guard_addresses_deinit(&check(L)->list);
  return 0;
}

/* has(ip) */
static int addresses_has(lua_State *L) {
  const bind_addresses *self = check(L);
  sip_sockaddr address = bind_check_ip(L, 2);
  lua_pushboolean(L, guard_addresses_find(&self->list, &address) == IN_LIST);
  return 1;
}

void bind_addresses_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"has", addresses_has}, {NULL, NULL}};
  luaL_newmetatable(L, ADDRESSES_CLASS);
  lua_pushcfunction(L, addresses_gc);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, addresses_new);
  lua_setfield(L, -2, "addresses");
}
