/* SPDX-License-Identifier: MIT
 *
 * Networks as Lua arguments.
 */
#ifndef MOONSIP_BINDING_ADDRESSES_H
#define MOONSIP_BINDING_ADDRESSES_H

#include "binding/binding.h"
#include "guard/addresses.h"

/* The networks of a list of strings at a stack index, in a userdata that is pushed. NULL:
 * one is none, and nil and an error are pushed instead. */
const guard_network *bind_check_networks(lua_State *L, int index, size_t *count);

/* The IP address at a stack index, without brackets; or a Lua error. */
sip_sockaddr bind_check_ip(lua_State *L, int index);

#endif
