/* SPDX-License-Identifier: MIT
 *
 * core.flow: who a message came from, as a value with read-only fields.
 */
#include <string.h>

#include "binding/binding.h"

#define FLOW_CLASS "moonsip.flow"

void bind_push_flow(lua_State *L, const sip_flow *flow) {
  sip_flow *copy = lua_newuserdatauv(L, sizeof *copy, 0);
  *copy = *flow;
  luaL_setmetatable(L, FLOW_CLASS);
}

const sip_flow *bind_check_flow(lua_State *L, int index) {
  return luaL_checkudata(L, index, FLOW_CLASS);
}

sip_transport bind_check_transport(lua_State *L, int index) {
  sip_transport transport = sip_transport_parse(bind_check_str(L, index));
  if (transport == SIP_TRANSPORT_NONE || transport == SIP_TRANSPORT_OTHER) {
    luaL_argerror(L, index, "a transport (udp, tcp, tls, ws, wss)");
  }
  return transport;
}

sip_sockaddr bind_check_address(lua_State *L, int ip_index, int port_index) {
  sip_sockaddr address;
  lua_Integer port = luaL_checkinteger(L, port_index);
  luaL_argcheck(L, port >= 0 && port <= UINT16_MAX, port_index, "a port (0 to 65535)");
  if (!sip_sockaddr_parse(bind_check_str(L, ip_index), (uint16_t)port, &address)) {
    luaL_argerror(L, ip_index, "an IP address");
  }
  return address;
}

static int flow_new(lua_State *L) {
  sip_flow flow = {.transport = bind_check_transport(L, 1),
                   .local = bind_check_address(L, 2, 3),
                   .remote = bind_check_address(L, 4, 5),
                   .listener = (uint32_t)luaL_optinteger(L, 6, 0),
                   .connection = (sip_id)luaL_optinteger(L, 7, 0)};
  bind_push_flow(L, &flow);
  return 1;
}

static int flow_index(lua_State *L) {
  const sip_flow *flow = bind_check_flow(L, 1);
  sip_str key = bind_check_str(L, 2);
  if (sip_str_equal(key, SIP_STR("transport"))) {
    bind_push_str(L, sip_transport_uri_name(flow->transport));
  } else if (sip_str_equal(key, SIP_STR("local_ip"))) {
    bind_push_ip(L, &flow->local);
  } else if (sip_str_equal(key, SIP_STR("local_port"))) {
    lua_pushinteger(L, flow->local.port);
  } else if (sip_str_equal(key, SIP_STR("remote_ip"))) {
    bind_push_ip(L, &flow->remote);
  } else if (sip_str_equal(key, SIP_STR("remote_port"))) {
    lua_pushinteger(L, flow->remote.port);
  } else if (sip_str_equal(key, SIP_STR("local_address"))) {
    bind_push_sockaddr(L, &flow->local);
  } else if (sip_str_equal(key, SIP_STR("remote_address"))) {
    bind_push_sockaddr(L, &flow->remote);
  } else if (sip_str_equal(key, SIP_STR("listener"))) {
    lua_pushinteger(L, flow->listener);
  } else if (sip_str_equal(key, SIP_STR("connection"))) {
    lua_pushinteger(L, (lua_Integer)flow->connection);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

static int flow_tostring(lua_State *L) {
  const sip_flow *flow = bind_check_flow(L, 1);
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  bind_push_str(L, sip_transport_uri_name(flow->transport));
  luaL_addvalue(&text);
  luaL_addchar(&text, ' ');
  bind_push_sockaddr(L, &flow->local);
  luaL_addvalue(&text);
  luaL_addstring(&text, " <-> ");
  bind_push_sockaddr(L, &flow->remote);
  luaL_addvalue(&text);
  luaL_pushresult(&text);
  return 1;
}

void bind_flow_open(lua_State *L) {
  static const luaL_Reg meta[] = {
      {"__index", flow_index}, {"__tostring", flow_tostring}, {NULL, NULL}};
  luaL_newmetatable(L, FLOW_CLASS);
  luaL_setfuncs(L, meta, 0);
  lua_pop(L, 1);
  lua_pushcfunction(L, flow_new);
  lua_setfield(L, -2, "flow");
}
