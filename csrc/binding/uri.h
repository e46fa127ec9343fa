/* SPDX-License-Identifier: MIT
 *
 * URI and address objects, inside the binding. Each keeps the text that its slices
 * point into, and may have an owner: what is set on an object that came out of a
 * message is set in that message.
 */
#ifndef MOONSIP_BINDING_URI_H
#define MOONSIP_BINDING_URI_H

#include "binding/object.h"
#include "sip/name_addr.h"

extern const char bind_uri_class[], bind_address_class[]; /* class.h */

/* Pushes an object for a text that parses, else nothing and the error; owner: stack index or
 * 0. The owner of a URI is an address or a message, of which it is the Request-URI. */
int bind_push_uri(lua_State *L, sip_str text, int owner);
sip_uri *bind_check_uri(lua_State *L, int index);

/* What uri.user and uri.host are. */
void bind_push_user(lua_State *L, const sip_uri *uri);
void bind_push_host(lua_State *L, const sip_uri *uri);

/* `header`: which of the owner's (a message's) fields it is; SIP_HEADER_UNKNOWN
 * for an address that changes nothing but itself. */
int bind_push_address(lua_State *L, sip_str value, int owner, sip_header_id header);
sip_name_addr *bind_check_name_addr(lua_State *L, int index);

/* Another URI for the address at the index. */
void bind_address_set_uri(lua_State *L, int index, sip_str uri);

enum { BIND_OWNER_VALUE = 2 }; /* user value of both classes */

/* Text for a URI field: a string, or a URI object's text. */
sip_str bind_check_uri_text(lua_State *L, int index, const char *field);

/* Parameters by name: reading, setting, nil removes, pairs(). Pushes the proxy
 * for the object at the index. */
typedef enum bind_params_kind {
  BIND_URI_PARAMS,
  BIND_URI_HEADERS,
  BIND_ADDRESS_PARAMS
} bind_params_kind;
void bind_push_params(lua_State *L, int parent, bind_params_kind kind);
void bind_params_open(lua_State *L);
void bind_address_open(lua_State *L);

/* uri:is_local(), address:is_local(): of an object out of a message that an engine
 * received. nil for others. */
int bind_is_local(lua_State *L);

/* Called by the proxy: the parent takes `params`, in wire form, as its own. */
void bind_uri_set_params(lua_State *L, int index, sip_str params);
void bind_uri_set_headers(lua_State *L, int index, sip_str headers);
void bind_address_set_params(lua_State *L, int index, sip_str params);

#endif
