/* SPDX-License-Identifier: MIT
 *
 * Lua values as bytes, to hand them to a state of another thread: nil, booleans, numbers,
 * strings, and tables of these. Metatables stay behind.
 */
#ifndef MOONSIP_BINDING_COPY_H
#define MOONSIP_BINDING_COPY_H

#include <lua.h>

#include "base/buffer.h"

/* Tables deeper than that are refused: they are likely to contain themselves. */
enum { BIND_COPY_DEPTH = 100 };

/* Appends `count` values from a stack index on. NULL, or what is wrong; *at is then the
 * number of the value, from 1. */
const char *bind_copy_out(lua_State *L, int index, int count, sip_buffer *out, int *at);

/* Pushes all values of the bytes; how many. May raise for lack of memory. */
int bind_copy_in(lua_State *L, sip_str bytes);

#endif
