/* SPDX-License-Identifier: MIT
 *
 * The userdata behind core.engine, for the files of its binding.
 */
#ifndef MOONSIP_BINDING_ENGINE_H
#define MOONSIP_BINDING_ENGINE_H

#include "base/pool.h"
#include "binding/allocator.h"
#include "binding/binding.h"

typedef struct bind_engine {
  sip_engine *engine; /* NULL once closed */
  const bind_host *host;
  sip_time now;              /* without a host: where advance left it */
  sip_history_cursor cursor; /* behind the last record that history gave */
  sip_pool pool;             /* the engine's memory */
  bind_allocator allocator;
} bind_engine;

/* Open, or a Lua error. */
bind_engine *bind_engine_check(lua_State *L, int index);

sip_time bind_engine_now(const bind_engine *self);
/* Last thing in every method that acts on the engine. */
void bind_engine_acted(lua_State *L, const bind_engine *self);
/* That and what such a method returns: true, or the id of what it made; or nil, err. */
int bind_engine_done(lua_State *L, const bind_engine *self, int error);
int bind_engine_made(lua_State *L, const bind_engine *self, int error, sip_id id);

/* Methods of the parts of the class, for luaL_setfuncs. */
extern const luaL_Reg bind_engine_output_methods[];
extern const luaL_Reg bind_engine_guard_methods[];
extern const luaL_Reg bind_engine_history_methods[];
extern const luaL_Reg bind_engine_reply_methods[];
extern const luaL_Reg bind_engine_request_methods[];
extern const luaL_Reg bind_engine_proxy_methods[];
extern const luaL_Reg bind_engine_subscription_methods[];

/* A flat array {"Name", "value", ...} at a stack index as header lines, appended to
 * the buffer. nil is none. 0, SIP_E_HEADER_NAME or SIP_E_INJECTION; a Lua error for
 * anything that is not such an array. */
int bind_add_lines(lua_State *L, int index, sip_buffer *out);

/* session_expires, min_se (seconds), refresher ("us", "them") and no_timer of a table of
 * options; what is not there is 0. */
sip_session_wish bind_read_session(lua_State *L, int index);

/* A sip_buffer whose memory the Lua state owns: it is freed when the slot it takes
 * on the stack is collected, also after an error. */
sip_buffer *bind_new_buffer(lua_State *L);

#endif
