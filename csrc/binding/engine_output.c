/* SPDX-License-Identifier: MIT
 *
 * core.engine: what comes out: events, packets, queries, counters.
 */
#include "base/error.h"
#include "binding/engine.h"
#include "binding/locator.h"
#include "binding/message.h"
#include "net/error.h"

static const char *const event_names[] = {[SIP_EVENT_REQUEST] = "request",
                                          [SIP_EVENT_RESPONSE] = "response",
                                          [SIP_EVENT_RELIABLE] = "reliable",
                                          [SIP_EVENT_PRACKED] = "pracked",
                                          [SIP_EVENT_NO_PRACK] = "no_prack",
                                          [SIP_EVENT_FAILED] = "failed",
                                          [SIP_EVENT_CANCELLED] = "cancelled",
                                          [SIP_EVENT_ACK] = "ack",
                                          [SIP_EVENT_READY] = "ready",
                                          [SIP_EVENT_NO_ACK] = "no_ack",
                                          [SIP_EVENT_UNSENT] = "unsent",
                                          [SIP_EVENT_FELL_BACK] = "fell_back",
                                          [SIP_EVENT_DIALOG_END] = "dialog_end",
                                          [SIP_EVENT_REFRESH] = "refresh",
                                          [SIP_EVENT_IDENTITY] = "identity",
                                          [SIP_EVENT_ROUTED] = "routed",
                                          [SIP_EVENT_STRAY] = "stray",
                                          [SIP_EVENT_BRANCH] = "branch",
                                          [SIP_EVENT_PROXIED] = "proxied",
                                          [SIP_EVENT_GUARD] = "guard",
                                          [SIP_EVENT_NOTIFIED] = "notified",
                                          [SIP_EVENT_REFRESHED] = "refreshed",
                                          [SIP_EVENT_CHALLENGED] = "challenged",
                                          [SIP_EVENT_SUBSCRIPTION_END] = "subscription_end",
                                          [SIP_EVENT_FLOW_FAILED] = "flow_failed"};

/* The number of what an event is about. */
static lua_Integer number_of(const sip_event *event) {
  if (event->branch) return event->branch;
  return (lua_Integer)(event->subscription ? event->subscription : event->dialog);
}

/* What more there is to say: of a request its method, of a failure its name. */
static void push_code(lua_State *L, const sip_event *event) {
  if (event->kind == SIP_EVENT_REQUEST) {
    bind_push_str(L, sip_message_span(event->message, event->message->method_text));
  } else if (event->code < 0) {
    lua_pushstring(L, net_error_name(event->code));
  } else {
    lua_pushinteger(L, event->code);
  }
}

/* kind, message, transaction (of a subscription its origin), dialog, code, and without a message
 * the IP address of the peer where there is one; nothing when there is no event. */
static int engine_next_event(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_event event;
  if (!sip_engine_next_event(self->engine, &event)) return 0;
  lua_pushstring(L, event_names[event.kind]);
  if (event.message) {
    bind_push_message(L, event.message, &event.flow);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, BIND_MESSAGE_ENGINE);
  } else {
    lua_pushnil(L);
  }
  lua_pushinteger(L, (lua_Integer)(event.origin ? event.origin : event.transaction));
  lua_pushinteger(L, number_of(&event));
  push_code(L, &event);
  if (event.message || !event.flow.remote.family) return 5;
  bind_push_ip(L, &event.flow.remote);
  return 6;
}

/* bytes, flow, owner, fallback "ip:port" or nil; nothing when there is none. */
static int engine_next_packet(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_outgoing out;
  if (!sip_engine_next_packet(self->engine, &out)) return 0;
  bind_push_str(L, sip_packet_str(out.packet));
  sip_packet_release(out.packet);
  bind_push_flow(L, &out.flow);
  lua_pushinteger(L, (lua_Integer)out.owner);
  if (out.fallback.family) {
    bind_push_sockaddr(L, &out.fallback);
  } else {
    lua_pushnil(L);
  }
  return 4;
}

/* id, host, port or nil, transport or nil, secure, steady; nothing when there is none. */
static int engine_next_query(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_query query;
  if (!sip_engine_next_query(self->engine, &query)) return 0;
  lua_pushinteger(L, (lua_Integer)query.id);
  bind_push_query(L, &query);
  return 6;
}

enum { TARGETS_MAX = 32 };

static sip_target check_target(lua_State *L, int index) {
  int top = lua_gettop(L);
  luaL_checktype(L, index, LUA_TTABLE);
  lua_getfield(L, index, "transport");
  lua_getfield(L, index, "ip");
  lua_getfield(L, index, "port");
  lua_getfield(L, index, "local_ip");
  sip_target target = {0};
  if (!lua_isnil(L, top + 1)) target.transport = bind_check_transport(L, top + 1);
  target.address = bind_check_address(L, top + 2, top + 3);
  if (!lua_isnil(L, top + 4)) {
    lua_pushinteger(L, 0);
    target.local = bind_check_address(L, top + 4, top + 5);
  }
  lua_settop(L, top);
  return target;
}

/* resolved(id, targets) or resolved(id, nil, error name). Targets past the
 * 32nd are dropped. */
static int engine_resolved(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_id id = (sip_id)luaL_checkinteger(L, 2);
  sip_target targets[TARGETS_MAX];
  size_t count = 0;
  int error = 0;
  if (lua_isnoneornil(L, 3)) {
    error = lua_isnoneornil(L, 4) ? SIP_E_DNS : net_error_code(luaL_checkstring(L, 4));
  } else {
    luaL_checktype(L, 3, LUA_TTABLE);
    size_t given = lua_rawlen(L, 3);
    for (; count < given && count < TARGETS_MAX; count++) {
      lua_rawgeti(L, 3, (lua_Integer)count + 1);
      targets[count] = check_target(L, lua_gettop(L));
      lua_pop(L, 1);
    }
  }
  sip_engine_resolved(self->engine, bind_engine_now(self), id, targets, count, error);
  bind_engine_acted(L, self);
  return 0;
}

static int engine_counts(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_engine_counts counts;
  sip_engine_get_counts(self->engine, &counts);
  const struct {
    const char *name;
    uint64_t value;
  } rows[] = {{"server_transactions", counts.server_transactions},
              {"client_transactions", counts.client_transactions},
              {"dialogs", counts.dialogs},
              {"subscriptions", counts.subscriptions},
              {"events", counts.events},
              {"packets", counts.packets},
              {"queries", counts.queries},
              {"timers", counts.timers},
              {"session_timers", counts.session_timers},
              {"live_bytes", counts.live_bytes},
              {"live_blocks", counts.live_blocks},
              {"received", counts.received},
              {"sent", counts.sent},
              {"malformed", counts.malformed},
              {"dropped", counts.dropped},
              {"absorbed", counts.absorbed},
              {"refused_denied", counts.refused[GUARD_DENIED]},
              {"refused_banned", counts.refused[GUARD_BANNED]},
              {"refused_rate", counts.refused[GUARD_RATE]},
              {"refused_scanner", counts.refused[GUARD_SCANNER]},
              {"refused_user", counts.refused[GUARD_USER]},
              {"refused_shed", counts.refused[GUARD_SHED]}};
  size_t count = sizeof rows / sizeof *rows;
  lua_createtable(L, 0, (int)count);
  for (size_t i = 0; i < count; i++) {
    lua_pushinteger(L, (lua_Integer)rows[i].value);
    lua_setfield(L, -2, rows[i].name);
  }
  return 1;
}

/* Whether next_event has one. */
static int engine_has_event(lua_State *L) {
  sip_engine_counts counts;
  sip_engine_get_counts(bind_engine_check(L, 1)->engine, &counts);
  lua_pushboolean(L, counts.events > 0);
  return 1;
}

/* Whether a request of ours waits for its final response. */
static int engine_is_asking(lua_State *L) {
  lua_pushboolean(L, sip_engine_is_asking(bind_engine_check(L, 1)->engine));
  return 1;
}

const luaL_Reg bind_engine_output_methods[] = {
    {"has_event", engine_has_event},   {"is_asking", engine_is_asking},
    {"next_event", engine_next_event}, {"next_packet", engine_next_packet},
    {"next_query", engine_next_query}, {"resolved", engine_resolved},
    {"counts", engine_counts},         {NULL, NULL}};
