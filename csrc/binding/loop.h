/* SPDX-License-Identifier: MIT
 *
 * The class core.loop from inside: its userdata, and the one way into Lua.
 */
#ifndef MOONSIP_BINDING_LOOP_H
#define MOONSIP_BINDING_LOOP_H

#include "binding/allocator.h"
#include "binding/binding.h"
#include "net/child.h"
#include "net/loop.h"

/* User values of the loop's userdata. */
enum {
  LOOP_ATTACHED = 1, /* [attachment pointer] = attachment */
  LOOP_HOOKS,        /* by name: what on_error, on_timer ... were given */
  LOOP_WHEEL,        /* core.timers */
  LOOP_LOOKUPS,      /* [id] = function */
  LOOP_CHILDREN,     /* [id] = function */
  LOOP_MEDIA,        /* [pointer] = media object */
  LOOP_CHANNELS,     /* [id] = function */
  LOOP_HTTP,         /* [number] = who answers requests of HTTP */
  LOOP_VALUES = LOOP_HTTP
};

/* Before the loop is freed: what lives on it is told. */
typedef struct bind_loop_guest {
  sip_link link;
  void (*closing)(struct bind_loop_guest *guest);
} bind_loop_guest;

typedef struct bind_loop {
  net_loop *net; /* NULL: closed */
  bind_allocator allocator;
  lua_State *L;     /* of the call that turns it, whose stack has the loop at index 1 */
  sip_link engines; /* attachments */
  sip_link guests;  /* bind_loop_guest */
  sip_id last_lookup;
  sip_id last_child;
  lua_Integer last_http;
  bool is_closing; /* closed by a callback: as soon as the turn ends */
  bool is_stopped;
  bool has_signal_hook;
  bool holds_signals; /* also when run does not turn */
  bool has_wake_hook;
  bool has_turn_hook;
  bool has_ended; /* an attachment has, and still lies in LOOP_ATTACHED */
  bool is_told;   /* on_wake was called since the last turn */
} bind_loop;

/* An engine on a loop: a userdata with the engine and the events function as
 * user values. */
enum { ATTACHMENT_ENGINE = 1, ATTACHMENT_EVENTS, ATTACHMENT_VALUES = ATTACHMENT_EVENTS };

typedef struct bind_attachment {
  bind_host host;
  sip_link link;
  bind_loop *loop;
  sip_engine *engine;
  net_engine *net;        /* NULL: ended */
  const bind_host **slot; /* the engine's */
} bind_attachment;

/* The open loop at index 1, or a Lua error. */
bind_loop *bind_loop_check(lua_State *L);

extern const luaL_Reg bind_loop_attach_methods[];
extern const luaL_Reg bind_loop_child_methods[];
extern const luaL_Reg bind_loop_names_methods[];
extern const luaL_Reg bind_loop_channel_methods[];
extern const luaL_Reg bind_loop_workers_methods[];
extern const luaL_Reg bind_loop_redis_methods[];
void bind_loop_detach_all(bind_loop *loop);
/* Forgets attachments that have ended, and with them their engines; the loop is
 * at index 1. */
void bind_loop_sweep(lua_State *L, bind_loop *loop);

/* What happens in a turn, into Lua. */
extern const net_callbacks bind_loop_callbacks;
/* A function has run in a thread: its values are results, or a message and a traceback. */
typedef struct bind_work {
  bool is_well;
  sip_str values;
} bind_work;
void bind_loop_worked(bind_loop *loop, sip_id id, const bind_work *work);
void bind_loop_child_ended(void *context, sip_id id, const net_child_end *end);
/* The attachment of the engine at index 2, or a Lua error. */
bind_attachment *bind_loop_check_attachment(lua_State *L, const bind_loop *loop);

/* From a turn: calls fn(loop, argument) in Lua, protected; `argument` is light. */
bool bind_loop_enter(bind_loop *loop, lua_CFunction fn, void *argument);
/* Makes the loop at a stack index findable by its pointer. */
void bind_loop_remember(lua_State *L, int index, const bind_loop *loop);

/* A call between two turns left something to do: wakes a host that waits on the
 * descriptor, and tells on_wake. */
void bind_loop_touch(lua_State *L, bind_loop *loop);

#endif
