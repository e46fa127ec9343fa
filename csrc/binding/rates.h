/* SPDX-License-Identifier: MIT
 *
 * The userdata behind core.rates, for the two files of its binding.
 */
#ifndef MOONSIP_BINDING_RATES_H
#define MOONSIP_BINDING_RATES_H

#include "binding/allocator.h"
#include "binding/binding.h"
#include "route/source.h"

typedef struct bind_rates {
  bind_allocator allocator;
  sip_alloc alloc;
  route_rates rates;
  route_source source; /* what is being read; its values are of user value 1 */
  bool is_open;
} bind_rates;

/* Open, or a Lua error. */
bind_rates *bind_rates_check(lua_State *L);

/* Methods that fill a table, for luaL_setfuncs. */
extern const luaL_Reg bind_rates_source_methods[];

#endif
