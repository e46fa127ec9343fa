/* SPDX-License-Identifier: MIT
 *
 * core.timers: a timing wheel of Lua values. A timer's node is memory of C's
 * own; its value lies in a table that the collector knows, at the index of the
 * timer's slot, so that starting and stopping allocate nothing in Lua.
 */
#include <math.h>

#include "base/error.h"
#include "base/slots.h"
#include "binding/binding.h"

static const char timers_class[] = "moonsip.timers";

enum { TIMERS_MAX = 1000000, VALUES = 1 };

typedef struct bind_timer {
  sip_timer timer;
  sip_id id;
} bind_timer;

typedef struct bind_timers {
  sip_alloc alloc;
  sip_slots slots;
  sip_wheel wheel;
  bind_timer *spare;   /* has a slot, but neither value nor instant */
  sip_time not_before; /* a timer started now fires at the earliest then */
  bool is_closed;
} bind_timers;

static bind_timers *check_timers(lua_State *L, int index) {
  bind_timers *timers = bind_class_check(L, index, timers_class);
  luaL_argcheck(L, !timers->is_closed, index, "the wheel is closed");
  return timers;
}

const sip_wheel *bind_check_timers(lua_State *L, int index) {
  return &check_timers(L, index)->wheel;
}

/* An instant; one between two milliseconds is the later, so that no timer
 * fires early. */
static sip_time check_instant(lua_State *L, int index) {
  lua_Number number = ceil(luaL_checknumber(L, index));
  luaL_argcheck(L, number == number, index, "an instant expected, got nan");
  if (number >= 0x1p62) return SIP_TIME_NEVER;
  return number > 0 ? (sip_time)number : 0;
}

static bind_timer *new_timer(bind_timers *timers) {
  bind_timer *timer = sip_alloc_new(&timers->alloc, sizeof *timer);
  if (!timer) return NULL;
  timer->id = sip_slots_add(&timers->slots, timer);
  if (!timer->id) {
    sip_alloc_free(&timers->alloc, timer, sizeof *timer);
    return NULL;
  }
  sip_timer_init(&timer->timer);
  return timer;
}

static void free_timer(bind_timers *timers, bind_timer *timer) {
  sip_slots_remove(&timers->slots, timer->id);
  sip_alloc_free(&timers->alloc, timer, sizeof *timer);
}

/* Where the value of a timer lies: slots are dense, and so is the table. */
static lua_Integer value_index(const bind_timer *timer) {
  return (lua_Integer)(uint32_t)timer->id + 1;
}

static int timers_start(lua_State *L) {
  bind_timers *timers = check_timers(L, 1);
  sip_time at = check_instant(L, 2);
  luaL_argcheck(L, !lua_isnoneornil(L, 3), 3, "a value expected, got nil");
  lua_settop(L, 3);
  if (timers->wheel.count >= TIMERS_MAX) return bind_fail(L, SIP_E_LIMIT, NULL);
  if (!timers->spare) timers->spare = new_timer(timers);
  if (!timers->spare) return bind_fail(L, SIP_E_MEMORY, NULL);
  lua_getiuservalue(L, 1, VALUES);
  lua_pushvalue(L, 3);
  lua_rawseti(L, -2, value_index(timers->spare)); /* may raise: it is still the spare one then */
  bind_timer *timer = timers->spare;
  timers->spare = NULL;
  if (at < timers->not_before) at = timers->not_before;
  sip_timer_start(&timers->wheel, &timer->timer, at);
  lua_pushinteger(L, (lua_Integer)timer->id);
  return 1;
}

/* Pushes the value of a timer that has ended and forgets it. */
static void push_value(lua_State *L, int index, bind_timers *timers, bind_timer *timer) {
  lua_getiuservalue(L, index, VALUES);
  lua_rawgeti(L, -1, value_index(timer));
  lua_pushnil(L);
  lua_rawseti(L, -3, value_index(timer));
  lua_remove(L, -2);
  free_timer(timers, timer);
}

static int timers_stop(lua_State *L) {
  bind_timers *timers = check_timers(L, 1);
  bind_timer *timer = sip_slots_find(&timers->slots, (sip_id)luaL_checkinteger(L, 2));
  if (!timer || timer == timers->spare) return 0;
  sip_timer_stop(&timers->wheel, &timer->timer);
  push_value(L, 1, timers, timer);
  return 1;
}

static bool expire(lua_State *L, int index, sip_time now) {
  bind_timers *timers = check_timers(L, index);
  luaL_checkstack(L, 3, NULL); /* before the wheel lets the timer go */
  sip_timer *due = sip_wheel_expire(&timers->wheel, now);
  if (!due) return false;
  push_value(L, lua_absindex(L, index), timers, SIP_CONTAINER(due, bind_timer, timer));
  return true;
}

bool bind_timers_expire(lua_State *L, int index, sip_time now) {
  bind_timers *timers = check_timers(L, index);
  timers->not_before = now + 1;
  if (expire(L, index, now)) return true;
  timers->not_before = 0;
  return false;
}

static int timers_expire(lua_State *L) {
  return expire(L, 1, check_instant(L, 2)) ? 1 : 0;
}

static int timers_deadline(lua_State *L) {
  sip_time at = sip_wheel_deadline(&check_timers(L, 1)->wheel);
  if (at == SIP_TIME_NEVER) return 0;
  lua_pushinteger(L, at);
  return 1;
}

static int timers_count(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_timers(L, 1)->wheel.count);
  return 1;
}

static int timers_close(lua_State *L) {
  bind_timers *timers = bind_class_check(L, 1, timers_class);
  size_t cursor = 0;
  bind_timer *timer;
  while ((timer = sip_slots_next(&timers->slots, &cursor)) != NULL) free_timer(timers, timer);
  sip_slots_deinit(&timers->slots);
  sip_wheel_init(&timers->wheel, 0);
  timers->is_closed = true;
  return 0;
}

void bind_push_timers(lua_State *L, sip_time now) {
  bind_timers *timers = lua_newuserdatauv(L, sizeof *timers, 1);
  sip_alloc_init(&timers->alloc, NULL, NULL);
  sip_slots_init(&timers->slots, &timers->alloc);
  sip_wheel_init(&timers->wheel, now);
  timers->spare = NULL;
  timers->not_before = 0;
  timers->is_closed = false;
  bind_class_set(L, timers_class);
  lua_newtable(L);
  lua_setiuservalue(L, -2, VALUES);
}

static int timers_new(lua_State *L) {
  bind_push_timers(L, check_instant(L, 1));
  return 1;
}

static const luaL_Reg methods[] = {{"start", timers_start},
                                   {"stop", timers_stop},
                                   {"expire", timers_expire},
                                   {"deadline", timers_deadline},
                                   {NULL, NULL}};

static const luaL_Reg metamethods[] = {
    {"__len", timers_count}, {"__gc", timers_close}, {"__close", timers_close}, {NULL, NULL}};

void bind_timers_open(lua_State *L) {
  bind_class_open(L, timers_class);
  luaL_setfuncs(L, metamethods, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, timers_new);
  lua_setfield(L, -2, "timers");
}
