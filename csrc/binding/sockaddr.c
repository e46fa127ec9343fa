/* SPDX-License-Identifier: MIT
 *
 * IP addresses as Lua strings.
 */
#include "binding/object.h"

enum { ADDRESS_ROOM = 64 }; /* "[ffff:...:255.255.255.255]:65535" and some */

void bind_push_sockaddr(lua_State *L, const sip_sockaddr *address) {
  char memory[ADDRESS_ROOM];
  sip_buffer text = {.ptr = memory, .size = sizeof memory, .max = sizeof memory};
  sip_sockaddr_write(address, &text);
  bind_push_str(L, sip_buffer_str(&text));
}

void bind_push_ip(lua_State *L, const sip_sockaddr *address) {
  char memory[ADDRESS_ROOM];
  sip_buffer text = {.ptr = memory, .size = sizeof memory, .max = sizeof memory};
  sip_sockaddr_write_ip(address, &text);
  bind_push_str(L, sip_buffer_str(&text));
}
