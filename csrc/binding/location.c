/* SPDX-License-Identifier: MIT
 *
 * core.location: bindings in memory. What a REGISTER does to them is the registrar's.
 */
#include "base/error.h"
#include "base/pool.h"
#include "base/random.h"
#include "binding/allocator.h"
#include "binding/contact.h"
#include "binding/registrar.h"
#include "net/random.h"

static const char location_class[] = "moonsip.location";

typedef struct bind_location {
  sip_location location;
  sip_pool pool;
  bind_allocator allocator;
  bool is_open;
} bind_location;

static bind_location *check(lua_State *L, int index) {
  bind_location *self = bind_class_check(L, index, location_class);
  luaL_argcheck(L, self->is_open, index, "the location is closed");
  return self;
}

sip_location *bind_check_location(lua_State *L, int index) {
  return &check(L, index)->location;
}

/* --- Life ----------------------------------------------------------------------------- */

static sip_hash_key key_option(lua_State *L) {
  sip_hash_key key;
  if (lua_getfield(L, 1, "seed") == LUA_TNIL) {
    net_random(NULL, (unsigned char *)&key, sizeof key);
  } else {
    key = (sip_hash_key){.k0 = (uint64_t)luaL_checkinteger(L, -1)};
  }
  lua_pop(L, 1);
  return key;
}

static lua_Integer integer_option(lua_State *L, const char *name) {
  lua_getfield(L, 1, name);
  lua_Integer value = luaL_optinteger(L, -1, 0);
  lua_pop(L, 1);
  return value;
}

/* location{ now: ms; away: how many of those without contacts are remembered; seed: for
 * simulations } */
static int location_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  sip_location_config config = {.alloc = bind_alloc,
                                .key = key_option(L),
                                .now = integer_option(L, "now"),
                                .away_max = (size_t)integer_option(L, "away")};
  bind_location *self = lua_newuserdatauv(L, sizeof *self, 0);
  *self = (bind_location){0};
  bind_allocator_read(L, 1, &self->allocator);
  bind_class_set(L, location_class);
  sip_pool_init(&self->pool, bind_advise_pages);
  self->allocator.fn = sip_pool_alloc;
  self->allocator.context = &self->pool;
  config.alloc_context = &self->allocator;
  int error = sip_location_init(&self->location, &config);
  if (error) return bind_fail(L, error, NULL);
  self->is_open = true;
  return 1;
}

/* Also __gc and __close. */
static int location_close(lua_State *L) {
  bind_location *self = bind_class_check(L, 1, location_class);
  if (!self->is_open) return 0;
  self->is_open = false;
  sip_location_deinit(&self->location);
  sip_pool_deinit(&self->pool);
  return 0;
}

/* --- Looking, removing ------------------------------------------------------------------- */

static void push_list(lua_State *L, const sip_contact *contacts, size_t count, sip_time now) {
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    bind_push_contact(L, &contacts[i], now);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* location:find(aor, now) -> list, the latest first; or nil and whether it was there */
static int location_find(lua_State *L) {
  bind_location *self = check(L, 1);
  sip_time now = luaL_checkinteger(L, 3);
  sip_contact contacts[SIP_CONTACTS_MAX];
  bool known;
  size_t count = sip_location_find(&self->location, bind_check_str(L, 2), now, contacts, &known);
  if (count > 0) {
    push_list(L, contacts, count, now);
    return 1;
  }
  lua_pushnil(L);
  lua_pushboolean(L, known);
  return 2;
}

/* location:remove(aor, now, uri or nil) -> list of what was taken out */
static int location_remove(lua_State *L) {
  bind_location *self = check(L, 1);
  sip_time now = luaL_checkinteger(L, 3);
  sip_contact gone[SIP_CONTACTS_MAX];
  sip_uri uri;
  bool one = !lua_isnoneornil(L, 4);
  if (one && sip_uri_parse(bind_check_str(L, 4), &uri, NULL)) return bind_fail(L, SIP_E_URI, NULL);
  size_t count =
      sip_location_remove(&self->location, bind_check_str(L, 2), one ? &uri : NULL, gone);
  push_list(L, gone, count, now);
  return 1;
}

/* location:expire(now, tells) -> aor, contact: the next that has expired, and when it does
 * not tell, all of them without a word */
static int location_expire(lua_State *L) {
  bind_location *self = check(L, 1);
  sip_time now = luaL_checkinteger(L, 2);
  bool tells = lua_toboolean(L, 3);
  sip_contact contact;
  sip_str aor;
  while (sip_location_expire(&self->location, now, &contact, &aor)) {
    if (!tells) continue;
    bind_push_str(L, aor);
    bind_push_contact(L, &contact, now);
    return 2;
  }
  return 0;
}

/* location:deadline() -> ms of the next expiry, or nil */
static int location_deadline(lua_State *L) {
  sip_time at = sip_location_deadline(&check(L, 1)->location);
  if (at == SIP_TIME_NEVER) return 0;
  lua_pushinteger(L, at);
  return 1;
}

/* location:counts() -> contacts, records, live_bytes */
static int location_counts(lua_State *L) {
  const sip_location *location = bind_check_location(L, 1);
  lua_createtable(L, 0, 4);
  lua_pushinteger(L, (lua_Integer)location->contacts);
  lua_setfield(L, -2, "contacts");
  lua_pushinteger(L, (lua_Integer)location->records.count);
  lua_setfield(L, -2, "records");
  lua_pushinteger(L, (lua_Integer)location->alloc.live_bytes);
  lua_setfield(L, -2, "live_bytes");
  lua_pushinteger(L, (lua_Integer)location->alloc.live_blocks);
  lua_setfield(L, -2, "live_blocks");
  return 1;
}

static int location_fail_allocation(lua_State *L) {
  return bind_fail_allocation(L, &check(L, 1)->allocator);
}

void bind_location_open(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"find", location_find},     {"remove", location_remove},
      {"expire", location_expire}, {"deadline", location_deadline},
      {"counts", location_counts}, {"fail_allocation", location_fail_allocation},
      {"close", location_close},   {NULL, NULL}};
  static const luaL_Reg meta[] = {
      {"__gc", location_close}, {"__close", location_close}, {NULL, NULL}};
  bind_class_open(L, location_class);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, location_new);
  lua_setfield(L, -2, "location");
}
