/* SPDX-License-Identifier: MIT
 *
 * Message objects, inside the binding. One userdata holds the struct, the header
 * table and the bytes; an edit makes another block, which the object keeps.
 */
#ifndef MOONSIP_BINDING_MESSAGE_H
#define MOONSIP_BINDING_MESSAGE_H

#include "binding/object.h"
#include "sip/message.h"

extern const char bind_message_class[]; /* class.h */

typedef struct bind_message {
  const sip_message *message;
  bool has_flow;
  sip_flow flow;
} bind_message;

enum { BIND_MESSAGE_ENGINE = 2 }; /* user value: the engine that received it, or nil */

bind_message *bind_message_at(lua_State *L, int index);

/* Edits of the message at the index. They raise when the value is refused, or
 * when the message would be malformed: `field` is what the error names. */
void bind_message_set_uri(lua_State *L, int index, sip_str uri);
void bind_message_set_header(lua_State *L, int index, sip_str name, sip_str value);
typedef struct bind_header_edit {
  sip_str name;
  const sip_str *values;
  size_t count; /* 0 removes */
} bind_header_edit;
void bind_message_edit_header(lua_State *L, int index, const bind_header_edit *edit);
void bind_message_set_method(lua_State *L, int index, sip_str method);
void bind_message_set_status(lua_State *L, int index, int status, sip_str reason);
void bind_message_set_body(lua_State *L, int index, sip_str body);

/* The proxy behind message.headers, for the message at the index. */
void bind_push_headers(lua_State *L, int message);
void bind_headers_open(lua_State *L);

/* message:header_values(name) and message:has_token(name, token) */
int bind_header_values(lua_State *L);
int bind_has_token(lua_State *L);

/* message:parts(), core.parts, core.multipart */
int bind_message_parts(lua_State *L);
void bind_multipart_open(lua_State *L);

#endif
