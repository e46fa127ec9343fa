/* SPDX-License-Identifier: MIT
 *
 * For specs: the parts of base as Lua functions and objects.
 */
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/base32.h"
#include "base/buffer.h"
#include "base/chars.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/random.h"
#include "base/slots.h"
#include "base/timer.h"

static sip_str check_str(lua_State *L, int index) {
  size_t len;
  const char *ptr = luaL_checklstring(L, index, &len);
  return sip_str_make(ptr, len);
}

/* classes(byte) -> bits */
static int classes(lua_State *L) {
  lua_pushinteger(L, sip_char_classes[luaL_checkinteger(L, 1) & 0xff]);
  return 1;
}

/* hash(k0, k1, text, nocase) -> 64 bits */
static int hash(lua_State *L) {
  sip_hash_key key = {(uint64_t)luaL_checkinteger(L, 1), (uint64_t)luaL_checkinteger(L, 2)};
  sip_str text = check_str(L, 3);
  uint64_t sum = lua_toboolean(L, 4) ? sip_hash_nocase(key, text) : sip_hash(key, text);
  lua_pushinteger(L, (lua_Integer)sum);
  return 1;
}

/* number(text, max) -> value or nil */
static int number(lua_State *L) {
  uint64_t value;
  if (!sip_str_to_number(check_str(L, 1), (uint64_t)luaL_checkinteger(L, 2), &value)) return 0;
  lua_pushinteger(L, (lua_Integer)value);
  return 1;
}

static int trim(lua_State *L) {
  sip_str text = sip_str_trim(check_str(L, 1));
  lua_pushlstring(L, text.len ? text.ptr : "", text.len);
  return 1;
}

static int equal_nocase(lua_State *L) {
  lua_pushboolean(L, sip_str_equal_nocase(check_str(L, 1), check_str(L, 2)));
  return 1;
}

/* base32(bytes) -> text */
static int base32(lua_State *L) {
  sip_str bytes = check_str(L, 1);
  sip_alloc alloc;
  sip_buffer out;
  sip_alloc_init(&alloc, NULL, NULL);
  sip_buffer_init(&out, &alloc, 0);
  sip_base32_write((const unsigned char *)bytes.ptr, bytes.len, &out);
  lua_pushlstring(L, out.len ? out.ptr : "", out.len);
  sip_buffer_deinit(&out);
  return 1;
}

/* unbase32(text, len) -> bytes or nil */
static int unbase32(lua_State *L) {
  unsigned char bytes[64];
  size_t len = (size_t)luaL_checkinteger(L, 2);
  if (len > sizeof bytes || !sip_base32_read(check_str(L, 1), bytes, len)) return 0;
  lua_pushlstring(L, (const char *)bytes, len);
  return 1;
}

/* token(seed, len, count) -> list of tokens */
static int tokens(lua_State *L) {
  sip_random random;
  char text[256];
  size_t len = (size_t)luaL_checkinteger(L, 2);
  luaL_argcheck(L, len <= sizeof text, 2, "too long");
  sip_random_init_seeded(&random, (uint64_t)luaL_checkinteger(L, 1));
  lua_newtable(L);
  for (lua_Integer i = 1; i <= luaL_checkinteger(L, 3); i++) {
    sip_random_token(&random, text, len);
    lua_pushlstring(L, text, len);
    lua_seti(L, -2, i);
  }
  return 1;
}

/* error(code) -> name, kind, text */
static int error_of(lua_State *L) {
  int code = (int)luaL_checkinteger(L, 1);
  lua_pushstring(L, sip_error_name(code));
  lua_pushstring(L, sip_error_kind(code));
  lua_pushstring(L, sip_error_text(code));
  return 3;
}

/* --- Timers: a wheel with its timers by number ------------------------------- */

enum { TIMERS = 4096 };

typedef struct wheel {
  sip_wheel wheel;
  sip_timer timers[TIMERS];
} wheel;

static wheel *check_wheel(lua_State *L) {
  return luaL_checkudata(L, 1, "base.wheel");
}

static sip_timer *check_timer(lua_State *L, wheel *w) {
  lua_Integer i = luaL_checkinteger(L, 2);
  luaL_argcheck(L, i >= 1 && i <= TIMERS, 2, "no such timer");
  return &w->timers[i - 1];
}

static int wheel_new(lua_State *L) {
  wheel *w = lua_newuserdatauv(L, sizeof *w, 0);
  sip_wheel_init(&w->wheel, luaL_checkinteger(L, 1));
  for (int i = 0; i < TIMERS; i++) sip_timer_init(&w->timers[i]);
  luaL_setmetatable(L, "base.wheel");
  return 1;
}

static int wheel_start(lua_State *L) {
  wheel *w = check_wheel(L);
  sip_timer_start(&w->wheel, check_timer(L, w), luaL_checkinteger(L, 3));
  return 0;
}

static int wheel_stop(lua_State *L) {
  wheel *w = check_wheel(L);
  sip_timer_stop(&w->wheel, check_timer(L, w));
  return 0;
}

/* wheel:expire(now) -> list of the numbers that fired, in order */
static int wheel_expire(lua_State *L) {
  wheel *w = check_wheel(L);
  lua_newtable(L);
  sip_timer *timer;
  for (lua_Integer i = 1; (timer = sip_wheel_expire(&w->wheel, luaL_checkinteger(L, 2))); i++) {
    lua_pushinteger(L, timer - w->timers + 1);
    lua_seti(L, -2, i);
  }
  return 1;
}

static int wheel_deadline(lua_State *L) {
  lua_pushinteger(L, sip_wheel_deadline(&check_wheel(L)->wheel));
  return 1;
}

static int wheel_count(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_wheel(L)->wheel.count);
  return 1;
}

/* --- Slots ------------------------------------------------------------------------- */

typedef struct slots {
  sip_alloc alloc;
  sip_slots slots;
} slots;

static slots *check_slots(lua_State *L) {
  return luaL_checkudata(L, 1, "base.slots");
}

static int slots_new(lua_State *L) {
  slots *s = lua_newuserdatauv(L, sizeof *s, 0);
  sip_alloc_init(&s->alloc, NULL, NULL);
  sip_slots_init(&s->slots, &s->alloc);
  luaL_setmetatable(L, "base.slots");
  return 1;
}

static int slots_gc(lua_State *L) {
  slots *s = check_slots(L);
  sip_slots_deinit(&s->slots);
  if (s->alloc.live_blocks || s->alloc.live_bytes) return luaL_error(L, "slots leaked");
  return 0;
}

/* slots:add(number) -> id */
static int slots_add(lua_State *L) {
  void *object = (void *)(intptr_t)luaL_checkinteger(L, 2);
  lua_pushinteger(L, (lua_Integer)sip_slots_add(&check_slots(L)->slots, object));
  return 1;
}

static int slots_find(lua_State *L) {
  void *object = sip_slots_find(&check_slots(L)->slots, (sip_id)luaL_checkinteger(L, 2));
  if (!object) return 0;
  lua_pushinteger(L, (intptr_t)object);
  return 1;
}

static int slots_remove(lua_State *L) {
  sip_slots_remove(&check_slots(L)->slots, (sip_id)luaL_checkinteger(L, 2));
  return 0;
}

/* slots:all() -> list of the numbers that are in it */
static int slots_all(lua_State *L) {
  size_t cursor = 0;
  void *object;
  lua_newtable(L);
  for (lua_Integer i = 1; (object = sip_slots_next(&check_slots(L)->slots, &cursor)); i++) {
    lua_pushinteger(L, (intptr_t)object);
    lua_seti(L, -2, i);
  }
  return 1;
}

/* --- Map ------------------------------------------------------------------------------ */

typedef struct entry {
  sip_map_node node;
  lua_Integer value;
} entry;

typedef struct map {
  sip_alloc alloc;
  sip_map map;
  bool starved; /* no memory to grow */
} map;

static void *map_alloc(void *context, void *ptr, size_t old_size, size_t size) {
  map *m = context;
  (void)old_size;
  if (size == 0) {
    free(ptr);
    return NULL;
  }
  return m->starved ? NULL : realloc(ptr, size);
}

static map *check_map(lua_State *L) {
  return luaL_checkudata(L, 1, "base.map");
}

static int map_new(lua_State *L) {
  map *m = lua_newuserdatauv(L, sizeof *m, 0);
  m->starved = false;
  sip_alloc_init(&m->alloc, map_alloc, m);
  if (sip_map_init(&m->map, &m->alloc)) return luaL_error(L, "out of memory");
  luaL_setmetatable(L, "base.map");
  return 1;
}

static int map_gc(lua_State *L) {
  map *m = check_map(L);
  sip_map_deinit(&m->map);
  if (m->alloc.live_blocks || m->alloc.live_bytes) return luaL_error(L, "a map leaked");
  return 0;
}

/* map:add(hash, value) -> the entry, to remove it by */
static int map_add(lua_State *L) {
  map *m = check_map(L);
  entry *e = lua_newuserdatauv(L, sizeof *e, 0);
  e->value = luaL_checkinteger(L, 3);
  sip_map_add(&m->map, &e->node, (uint64_t)luaL_checkinteger(L, 2));
  return 1;
}

static int map_remove(lua_State *L) {
  entry *e = lua_touserdata(L, 2);
  sip_map_remove(&check_map(L)->map, &e->node);
  return 0;
}

/* map:find(hash) -> list of values */
static int map_find(lua_State *L) {
  lua_newtable(L);
  sip_map_node *node = sip_map_find(&check_map(L)->map, (uint64_t)luaL_checkinteger(L, 2));
  for (lua_Integer i = 1; node; i++, node = sip_map_find_next(node)) {
    lua_pushinteger(L, SIP_CONTAINER(node, entry, node)->value);
    lua_seti(L, -2, i);
  }
  return 1;
}

/* map:starve(bool): from now on there is no memory to grow, or there is again */
static int map_starve(lua_State *L) {
  check_map(L)->starved = lua_toboolean(L, 2);
  return 0;
}

/* map:size() -> buckets, nodes */
static int map_size(lua_State *L) {
  map *m = check_map(L);
  lua_pushinteger(L, (lua_Integer)m->map.size);
  lua_pushinteger(L, (lua_Integer)m->map.count);
  return 2;
}

/* --- Buffer ---------------------------------------------------------------------------- */

/* buffer(max, { text or number or negative to drop as many at the front }) ->
 * text, failed */
static int buffer(lua_State *L) {
  sip_alloc alloc;
  sip_buffer out;
  sip_alloc_init(&alloc, NULL, NULL);
  sip_buffer_init(&out, &alloc, (size_t)luaL_checkinteger(L, 1));
  for (lua_Integer i = 1; i <= luaL_len(L, 2); i++) {
    lua_geti(L, 2, i);
    if (lua_type(L, -1) == LUA_TSTRING) {
      sip_buffer_add(&out, check_str(L, -1));
    } else if (lua_tointeger(L, -1) < 0) {
      sip_buffer_consume(&out, (size_t)-lua_tointeger(L, -1));
    } else {
      sip_buffer_add_number(&out, (uint64_t)lua_tointeger(L, -1));
    }
    lua_pop(L, 1);
  }
  lua_pushlstring(L, out.ptr ? out.ptr : "", out.len);
  lua_pushboolean(L, out.failed);
  sip_buffer_deinit(&out);
  if (alloc.live_bytes) return luaL_error(L, "a buffer leaked");
  return 2;
}

static void new_class(lua_State *L, const char *name, const luaL_Reg *methods) {
  luaL_newmetatable(L, name);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

int luaopen_base_face(lua_State *L);

int luaopen_base_face(lua_State *L) {
  static const luaL_Reg wheel_methods[] = {{"start", wheel_start},   {"stop", wheel_stop},
                                           {"expire", wheel_expire}, {"deadline", wheel_deadline},
                                           {"count", wheel_count},   {NULL, NULL}};
  static const luaL_Reg slots_methods[] = {{"add", slots_add},       {"find", slots_find},
                                           {"remove", slots_remove}, {"all", slots_all},
                                           {"__gc", slots_gc},       {NULL, NULL}};
  static const luaL_Reg map_methods[] = {
      {"add", map_add},   {"remove", map_remove}, {"find", map_find}, {"starve", map_starve},
      {"size", map_size}, {"__gc", map_gc},       {NULL, NULL}};
  static const luaL_Reg functions[] = {
      {"classes", classes},           {"hash", hash},     {"number", number},  {"trim", trim},
      {"equal_nocase", equal_nocase}, {"tokens", tokens}, {"error", error_of}, {"wheel", wheel_new},
      {"slots", slots_new},           {"map", map_new},   {"buffer", buffer},  {"base32", base32},
      {"unbase32", unbase32},         {NULL, NULL}};
  new_class(L, "base.wheel", wheel_methods);
  new_class(L, "base.slots", slots_methods);
  new_class(L, "base.map", map_methods);
  luaL_newlib(L, functions);
  return 1;
}
