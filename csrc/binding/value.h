/* SPDX-License-Identifier: MIT
 *
 * Header values as Lua values: numbers, and tables of named parts.
 */
#ifndef MOONSIP_BINDING_VALUE_H
#define MOONSIP_BINDING_VALUE_H

#include "binding/object.h"
#include "sip/message.h"

/* One value of a header: pushes it and returns 0, or pushes nothing and returns
 * the error. Headers without a grammar of their own come as text. */
int bind_push_value(lua_State *L, sip_header_id id, sip_str value);

/* For message:typed(name): all values of a header. A
 * list where it may come more than once, else one value; nil when absent;
 * nil, err when one is malformed. */
int bind_push_values(lua_State *L, const sip_message *message, sip_str name);

void bind_value_open(lua_State *L);

void bind_push_via(lua_State *L, const sip_via *via);

#endif
