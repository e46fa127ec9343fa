/* SPDX-License-Identifier: MIT
 *
 * HTTP servers of core.loop, inside the binding.
 */
#ifndef MOONSIP_BINDING_HTTP_H
#define MOONSIP_BINDING_HTTP_H

#include "binding/binding.h"
#include "net/http.h"

extern const luaL_Reg bind_loop_http_methods[];
extern const luaL_Reg bind_loop_http_client_methods[];

/* Has the function at `function` answer requests, with the bounds in the options table at
 * `options`; the loop is at index 1 and keeps both. */
net_http_host bind_http_host(lua_State *L, int options, int function);

#endif
