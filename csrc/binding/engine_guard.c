/* SPDX-License-Identifier: MIT
 *
 * core.engine: its guard: settings, lists, and what it has to report.
 */
#include "sip/engine_guard.h"
#include "base/error.h"
#include "binding/addresses.h"
#include "binding/engine.h"

static guard *check_guard(lua_State *L) {
  guard *g = sip_engine_guard(bind_engine_check(L, 1)->engine);
  luaL_argcheck(L, g, 1, "the engine has no guard");
  return g;
}

static uint32_t option(lua_State *L, const char *name) {
  lua_getfield(L, 2, name);
  lua_Integer value = luaL_optinteger(L, -1, 0);
  lua_pop(L, 1);
  if (value < 0 || value > UINT32_MAX) luaL_error(L, "bad option '%s'", name);
  return (uint32_t)value;
}

/* set_guard{ per_source, per_source_ms, per_user, per_user_ms, capacity, known_ms, ban_ms,
 * late_ms, calm_ms }, all integers, 0 unless given; set_guard() takes it away */
static int engine_set_guard(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  guard_config config = {0};
  bool is_wanted = !lua_isnoneornil(L, 2);
  if (is_wanted) {
    luaL_checktype(L, 2, LUA_TTABLE);
    config = (guard_config){
        .per_source = {option(L, "per_source"), option(L, "per_source_ms")},
        .per_user = {option(L, "per_user"), option(L, "per_user_ms")},
        .capacity = option(L, "capacity"),
        .known_ms = option(L, "known_ms"),
        .ban_ms = option(L, "ban_ms"),
        .late_ms = option(L, "late_ms"),
        .calm_ms = option(L, "calm_ms"),
    };
  }
  int error = sip_engine_set_guard(self->engine, is_wanted ? &config : NULL);
  if (error) return bind_fail(L, error, NULL);
  lua_pushboolean(L, 1);
  return 1;
}

/* guard_scanners(list of texts) -> true, or nil and an error */
static int engine_guard_scanners(lua_State *L) {
  guard *g = check_guard(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  sip_str texts[GUARD_PATTERNS_MAX];
  size_t count = lua_rawlen(L, 2);
  if (count > GUARD_PATTERNS_MAX) return bind_fail(L, SIP_E_LIMIT, NULL);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, 2, (lua_Integer)i + 1);
    luaL_checktype(L, -1, LUA_TSTRING);
    texts[i] = bind_check_str(L, -1); /* the list keeps it */
    lua_pop(L, 1);
  }
  int error = guard_set_scanners(g, texts, count);
  if (error) return bind_fail(L, error, NULL);
  lua_pushboolean(L, 1);
  return 1;
}

static guard_addresses *check_list(lua_State *L, guard *g, uint8_t *verdict) {
  static const char *const names[] = {"peer", "allow", "deny", NULL};
  int which = luaL_checkoption(L, 2, NULL, names);
  *verdict = which == 2 ? GUARD_DENY : GUARD_ALLOW;
  return which == 0 ? &g->peers : &g->rules;
}

/* guard_add("allow" | "deny" | "peer", networks) -> true, or nil and an error */
static int engine_guard_add(lua_State *L) {
  guard *g = check_guard(L);
  uint8_t verdict;
  guard_addresses *list = check_list(L, g, &verdict);
  size_t count;
  const guard_network *networks = bind_check_networks(L, 3, &count);
  if (!networks) return 2;
  int error = guard_addresses_add(list, networks, count, verdict);
  if (error) return bind_fail(L, error, NULL);
  lua_pushboolean(L, 1);
  return 1;
}

/* guard_remove("allow" | "deny" | "peer", networks) -> how many were there */
static int engine_guard_remove(lua_State *L) {
  guard *g = check_guard(L);
  uint8_t verdict;
  guard_addresses *list = check_list(L, g, &verdict);
  size_t count;
  const guard_network *networks = bind_check_networks(L, 3, &count);
  if (!networks) return 2;
  lua_Integer found = 0;
  for (size_t i = 0; i < count; i++) {
    int error = guard_addresses_remove(list, &networks[i]);
    if (error == SIP_E_MEMORY) return bind_fail(L, error, NULL);
    found += error == 0;
  }
  lua_pushinteger(L, found);
  return 1;
}

/* guard_ban(ip, ms): for so long from now; 0 ends it */
static int engine_guard_ban(lua_State *L) {
  const bind_engine *self = bind_engine_check(L, 1);
  guard *g = check_guard(L);
  sip_sockaddr address = bind_check_ip(L, 2);
  sip_time now = bind_engine_now(self);
  guard_ban(g, now, &address, now + luaL_checkinteger(L, 3));
  return 0;
}

/* guard_late(ms): what comes now waited so long */
static int engine_guard_late(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  lua_Integer ms = luaL_checkinteger(L, 2);
  luaL_argcheck(L, ms >= 0 && ms <= UINT32_MAX, 2, "milliseconds");
  sip_engine_note_lateness(self->engine, bind_engine_now(self), (uint32_t)ms);
  return 0;
}

/* guard_share() -> of 1000 new requests, how many are refused now because of the load */
static int engine_guard_share(lua_State *L) {
  const guard *g = sip_engine_guard(bind_engine_check(L, 1)->engine);
  lua_pushinteger(L, g ? (lua_Integer)g->overload.share : 0);
  return 1;
}

static int engine_want_report(lua_State *L) {
  sip_engine_want_report(bind_engine_check(L, 1)->engine, lua_toboolean(L, 2));
  return 0;
}

/* guard_report() -> list of { ip, reason, count }, and how many others were refused since
 * the last one */
static int engine_guard_report(lua_State *L) {
  guard *g = check_guard(L);
  lua_newtable(L);
  lua_Integer count = 0;
  for (size_t i = 0; i < GUARD_OFFENDERS; i++) {
    const guard_offender *one = &g->report.offenders[i];
    if (one->address.family == 0) continue;
    lua_createtable(L, 0, 3);
    bind_push_ip(L, &one->address);
    lua_setfield(L, -2, "source");
    lua_pushstring(L, guard_reason_name(one->reason));
    lua_setfield(L, -2, "why");
    lua_pushinteger(L, (lua_Integer)one->count);
    lua_setfield(L, -2, "count");
    lua_rawseti(L, -2, ++count);
  }
  lua_pushinteger(L, (lua_Integer)g->report.others);
  g->report = (guard_report){0};
  g->has_news = false;
  return 2;
}

static int engine_vouch(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_engine_vouch(self->engine, bind_engine_now(self), (sip_id)luaL_checkinteger(L, 2));
  return 0;
}

static int engine_distrust(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_engine_distrust(self->engine, bind_engine_now(self), (sip_id)luaL_checkinteger(L, 2));
  return 0;
}

const luaL_Reg bind_engine_guard_methods[] = {
    {"set_guard", engine_set_guard},     {"guard_scanners", engine_guard_scanners},
    {"guard_add", engine_guard_add},     {"guard_remove", engine_guard_remove},
    {"guard_ban", engine_guard_ban},     {"guard_late", engine_guard_late},
    {"guard_share", engine_guard_share}, {"guard_report", engine_guard_report},
    {"want_report", engine_want_report}, {"vouch", engine_vouch},
    {"distrust", engine_distrust},       {NULL, NULL}};
