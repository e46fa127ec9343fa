/* SPDX-License-Identifier: MIT
 *
 * What the files of the binding share. One file per Lua type; each opens its
 * part of the table that `require "moonsip.core"` returns. Nothing here decides
 * anything about SIP: check arguments, call, return a result.
 */
#ifndef MOONSIP_BINDING_H
#define MOONSIP_BINDING_H

#include <lauxlib.h>
#include <lua.h>

#include "base/str.h"
#include "base/timer.h"
#include "binding/class.h"
#include "sip/engine.h"

/* Each leaves the table of the core, which is at the top of the stack, as it
 * was but for the new fields. */
void bind_error_open(lua_State *L);     /* core.error */
void bind_lookup_open(lua_State *L);    /* core.lookup, core.assignment */
void bind_uri_open(lua_State *L);       /* core.uri, core.address ... */
void bind_message_open(lua_State *L);   /* core.message */
void bind_engine_open(lua_State *L);    /* core.engine */
void bind_framer_open(lua_State *L);    /* core.framer */
void bind_clock_open(lua_State *L);     /* core.clock */
void bind_hash_open(lua_State *L);      /* core.hash */
void bind_timers_open(lua_State *L);    /* core.timers */
void bind_digest_open(lua_State *L);    /* core.digest */
void bind_nonces_open(lua_State *L);    /* core.nonces */
void bind_verifier_open(lua_State *L);  /* core.verifier */
void bind_loop_open(lua_State *L);      /* core.loop */
void bind_locator_open(lua_State *L);   /* core.locator */
void bind_websocket_open(lua_State *L); /* core.websocket, core.base64 ... */
void bind_g711_open(lua_State *L);      /* core.ulaw, core.linear */
void bind_json_open(lua_State *L);      /* core.json_encode ..., where the library is */
void bind_tls_open(lua_State *L);       /* core.tls */
void bind_watch_open(lua_State *L);     /* core.watch */
void bind_sdp_open(lua_State *L);       /* core.sdp, core.sdp_offer ... */
void bind_rates_open(lua_State *L);     /* core.rates, core.csv */
void bind_likeness_open(lua_State *L);  /* core.likeness */
void bind_media_open(lua_State *L);     /* core.media, core.media_fabric ... */

void bind_workers_open(lua_State *L); /* of loop:workers */
void bind_sqlite_open(lua_State *L);  /* core.sqlite, where the library is */
void bind_redis_open(lua_State *L);   /* of loop:redis; core.redis, whether there is the library */
void bind_xml_open(lua_State *L);     /* core.xml, where the library is */
void bind_registrar_open(lua_State *L); /* core.registrar */
void bind_location_open(lua_State *L);  /* core.location */
void bind_addresses_open(lua_State *L); /* core.addresses */
void bind_crossing_open(lua_State *L);  /* core.crossing, core.header_scope, core.session_text */

/* Pushes nil and an error object { kind, name, reason } whose metatable is
 * core.error; returns 2. `code` is of base/error.h or libuv's; `detail` NULL
 * takes its text. */
int bind_fail(lua_State *L, int code, const char *detail);

/* Pushes a received or parsed message as a userdata of class "moonsip.message",
 * copied into memory that the collector counts; flow may be NULL. */
void bind_push_message(lua_State *L, const sip_message *message, const sip_flow *flow);

/* The message at a stack index, or a Lua error; *flow gets its flow. */
const sip_message *bind_check_message(lua_State *L, int index, sip_flow *flow);

/* The same, but NULL when it is as it came. */
const sip_message *bind_check_changed_message(lua_State *L, int index);

/* The engine at a stack index, or a Lua error naming the argument. */
sip_engine *bind_check_engine(lua_State *L, int index);

/* What the class of the engine asks of the loop that an engine is attached to.
 * None of these raises, none frees the engine. */
typedef struct bind_host {
  sip_time (*now)(void *context);
  /* A call acted on the engine: packets, queries, events or an earlier deadline
   * may wait. Call it last in every such call. */
  void (*acted)(void *context, lua_State *L);
  /* The engine is about to be freed; it has no host after this. */
  void (*closing)(void *context);
  void *context;
} bind_host;

/* Where the engine at a stack index keeps its host: *it is NULL while it has
 * none. Stays valid as long as the userdata. */
const bind_host **bind_engine_host(lua_State *L, int index);

/* core.flow, a class of its own. */
void bind_flow_open(lua_State *L);
void bind_push_flow(lua_State *L, const sip_flow *flow);
const sip_flow *bind_check_flow(lua_State *L, int index);

/* Arguments as values of the core, or a Lua error naming the argument. */
sip_transport bind_check_transport(lua_State *L, int index);
sip_sockaddr bind_check_address(lua_State *L, int ip_index, int port_index);
/* Pushes an empty timer wheel of class core.timers. */
void bind_push_timers(lua_State *L, sip_time now);
/* The wheel at a stack index, or a Lua error. */
const sip_wheel *bind_check_timers(lua_State *L, int index);
/* Pushes the value of the next timer of that wheel due by now; false: none. What
 * is started before it says false is due a millisecond later at the earliest, so
 * that timers which start timers do not keep a turn from ending. */
bool bind_timers_expire(lua_State *L, int index, sip_time now);

/* "192.0.2.1:5060" and the like. */
void bind_push_sockaddr(lua_State *L, const sip_sockaddr *address);
void bind_push_ip(lua_State *L, const sip_sockaddr *address);

static inline sip_str bind_check_str(lua_State *L, int index) {
  size_t len;
  const char *ptr = luaL_checklstring(L, index, &len);
  return sip_str_make(ptr, len);
}

static inline sip_str bind_opt_str(lua_State *L, int index) {
  if (lua_isnoneornil(L, index)) return (sip_str){0};
  return bind_check_str(L, index);
}

static inline void bind_push_str(lua_State *L, sip_str text) {
  lua_pushlstring(L, text.ptr ? text.ptr : "", text.len);
}

#endif
