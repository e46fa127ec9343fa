/* SPDX-License-Identifier: MIT
 *
 * What the classes of the binding have in common: fields that are read and
 * written by name, and values that may go into a message.
 */
#ifndef MOONSIP_BINDING_OBJECT_H
#define MOONSIP_BINDING_OBJECT_H

#include "base/buffer.h"
#include "binding/binding.h"

/* A field by its name; `id` counts from 1. The last has no name. */
typedef struct bind_field {
  const char *name;
  int id;
} bind_field;

/* Makes the class: `meta` gets `__index` and `__newindex` closures whose first
 * upvalue is the class's table of members, which is also metatable.members, so
 * that Lua code can add methods. `fields` and `methods` go into that table. Both
 * closures find the field's id with bind_member. Leaves the stack as it was. */
typedef struct bind_class {
  const char *name;
  const luaL_Reg *meta;
  const luaL_Reg *methods; /* may be NULL */
  const bind_field *fields;
  lua_CFunction index;
  lua_CFunction newindex; /* may be NULL: read-only */
} bind_class;
void bind_class_new(lua_State *L, const bind_class *class);

/* The id of the field that the key at index 2 names. 0: what the member is, or nil,
 * is on the stack instead and is to be returned. */
int bind_member(lua_State *L);

/* For __newindex: the id, or an error that there is no such field. */
int bind_writable(lua_State *L);

/* Raises at the script's line, however many C functions are in between. */
int bind_raise(lua_State *L, const char *format, ...);
/* The same: bad value for 'field' (why). */
int bind_bad_value(lua_State *L, const char *field, const char *why);

/* The string or number at the index, without CR, LF and NUL; or it raises. */
sip_str bind_check_value(lua_State *L, int index, const char *field);

/* A buffer of a fixed size in memory of the collector's, which is pushed and must
 * stay on the stack. It never grows: buffer->failed says that it was too small. */
sip_buffer bind_buffer(lua_State *L, size_t size);

/* bind_fail with the byte that is wrong, which Lua counts from 1, as `at`. */
int bind_fail_at(lua_State *L, int code, size_t offset);

/* A copy in memory that has room for it. */
sip_str bind_keep(sip_str text, void *at);

/* What a quoted string says, with folds as one space; other text as it is. */
void bind_push_unquoted(lua_State *L, sip_str value);
/* Header text with every fold as one space (RFC 3261 7.3.1). */
void bind_push_unfolded(lua_State *L, sip_str value);
/* ASCII letters in lower case. */
void bind_push_lower(lua_State *L, sip_str text);
/* Percent-encoding undone. */
void bind_push_unescaped(lua_State *L, sip_str text);

#endif
