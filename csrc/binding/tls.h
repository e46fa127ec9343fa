/* SPDX-License-Identifier: MIT
 *
 * core.tls, inside the binding.
 */
#ifndef MOONSIP_BINDING_TLS_H
#define MOONSIP_BINDING_TLS_H

#include "binding/binding.h"
#include "net/tls.h"

/* The object at the index, or NULL for nil; else a Lua error. */
net_tls *bind_opt_tls(lua_State *L, int index);

#endif
