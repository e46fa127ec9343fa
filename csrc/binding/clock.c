/* SPDX-License-Identifier: MIT
 *
 * core.clock: a clock that somebody sets, shared by the engines attached to it. It
 * is what a loop is to its engines, with time as the only thing in it: simulations
 * move one clock, and ask it which engines somebody acted on.
 */
#include "base/list.h"
#include "binding/binding.h"

#define CLOCK_CLASS "moonsip.clock"

typedef struct bind_clock {
  sip_time now;
  sip_link acted; /* attachments, oldest first */
} bind_clock;

/* Of one engine: a userdata that the engine keeps as its user value, and the clock
 * in its table [pointer] = attachment. */
enum { ATTACHMENT_CLOCK = 1, ATTACHMENT_VALUE, ATTACHMENT_VALUES = ATTACHMENT_VALUE };

typedef struct attachment {
  bind_host host;
  sip_link link; /* in the clock's list while acted on */
  bind_clock *clock;
} attachment;

static bind_clock *check(lua_State *L) {
  return luaL_checkudata(L, 1, CLOCK_CLASS);
}

static sip_time clock_now(void *context) {
  return ((attachment *)context)->clock->now;
}

static void clock_acted(void *context, lua_State *L) {
  attachment *self = context;
  (void)L;
  if (sip_link_alone(&self->link)) sip_link_append(&self->clock->acted, &self->link);
}

static void clock_closing(void *context) {
  sip_link_remove(&((attachment *)context)->link);
}

/* core.clock(now) */
static int clock_new(lua_State *L) {
  sip_time now = (sip_time)luaL_optinteger(L, 1, 0);
  bind_clock *self = lua_newuserdatauv(L, sizeof *self, 1);
  self->now = now;
  sip_link_init(&self->acted);
  lua_newtable(L);
  lua_setiuservalue(L, -2, 1);
  luaL_setmetatable(L, CLOCK_CLASS);
  return 1;
}

/* attach(engine, value): from now on the engine takes its time from this clock, and
 * next_acted gives the value when somebody acted on it. */
static int clock_attach(lua_State *L) {
  bind_clock *self = check(L);
  bind_check_engine(L, 2);
  luaL_checkany(L, 3);
  const bind_host **host = bind_engine_host(L, 2);
  luaL_argcheck(L, !*host, 2, "the engine is attached already");
  attachment *one = lua_newuserdatauv(L, sizeof *one, ATTACHMENT_VALUES);
  one->host = (bind_host){clock_now, clock_acted, clock_closing, one};
  one->clock = self;
  sip_link_init(&one->link);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, ATTACHMENT_CLOCK);
  lua_pushvalue(L, 3);
  lua_setiuservalue(L, -2, ATTACHMENT_VALUE);
  lua_getiuservalue(L, 1, 1);
  lua_pushvalue(L, -2);
  lua_rawsetp(L, -2, one);
  lua_pop(L, 1);
  lua_setiuservalue(L, 2, 1);
  *host = &one->host;
  return 0;
}

static attachment *check_attached(lua_State *L, const bind_clock *self) {
  const bind_host *host = *bind_engine_host(L, 2);
  attachment *one = host && host->now == clock_now ? host->context : NULL;
  luaL_argcheck(L, one && one->clock == self, 2, "an engine of this clock");
  return one;
}

/* detach(engine) */
static int clock_detach(lua_State *L) {
  attachment *one = check_attached(L, check(L));
  sip_link_remove(&one->link);
  *bind_engine_host(L, 2) = NULL;
  lua_getiuservalue(L, 1, 1);
  lua_pushnil(L);
  lua_rawsetp(L, -2, one);
  return 0;
}

/* set(now): never backwards. */
static int clock_set(lua_State *L) {
  bind_clock *self = check(L);
  sip_time now = (sip_time)luaL_checkinteger(L, 2);
  luaL_argcheck(L, now >= self->now, 2, "an instant that is not past");
  self->now = now;
  return 0;
}

static int clock_get(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check(L)->now);
  return 1;
}

/* next_acted() -> the value of an engine somebody acted on, or nil */
static int clock_next_acted(lua_State *L) {
  bind_clock *self = check(L);
  if (sip_link_alone(&self->acted)) return 0;
  attachment *one = SIP_CONTAINER(self->acted.next, attachment, link);
  sip_link_remove(&one->link);
  lua_getiuservalue(L, 1, 1);
  lua_rawgetp(L, -1, one);
  lua_getiuservalue(L, -1, ATTACHMENT_VALUE);
  return 1;
}

/* rest(engine) -> whether somebody acted on it. Its mark is taken away: what was done
 * to it is being seen to. */
static int clock_rest(lua_State *L) {
  attachment *one = check_attached(L, check(L));
  lua_pushboolean(L, !sip_link_alone(&one->link));
  sip_link_remove(&one->link);
  return 1;
}

void bind_clock_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"attach", clock_attach},
                                     {"detach", clock_detach},
                                     {"set", clock_set},
                                     {"now", clock_get},
                                     {"next_acted", clock_next_acted},
                                     {"rest", clock_rest},
                                     {NULL, NULL}};
  luaL_newmetatable(L, CLOCK_CLASS);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, clock_new);
  lua_setfield(L, -2, "clock");
}
