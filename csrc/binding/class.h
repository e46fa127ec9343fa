/* SPDX-License-Identifier: MIT
 *
 * Classes of userdata, known by the address of their name: it stands in the metatable, and
 * finds it in the registry. Each call from a script checks an object or two, and the
 * auxiliary library, which looks names up, takes three times as long for that.
 */
#ifndef MOONSIP_BINDING_CLASS_H
#define MOONSIP_BINDING_CLASS_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

/* As luaL_newmetatable: pushes the metatable; false when this state had it already. `name`
 * is the class's for ever: one array of characters. */
bool bind_class_open(lua_State *L, const char *name);
/* As luaL_setmetatable, for the object on top. */
void bind_class_set(lua_State *L, const char *name);

/* As luaL_testudata and luaL_checkudata. */
void *bind_class_test(lua_State *L, int index, const char *name);
void *bind_class_check(lua_State *L, int index, const char *name);

#endif
