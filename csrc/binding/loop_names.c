/* SPDX-License-Identifier: MIT
 *
 * What a loop asks the DNS for a script: addresses, records, and where a query of an
 * engine leads when nobody else answers it.
 */
#include "base/error.h"
#include "binding/locator.h"
#include "binding/loop.h"
#include "net/locate.h"

typedef struct answer {
  sip_id id;
  const sip_dns_answer *answer;
} answer;

/* Pushes the function that waits for an answer, which is forgotten. */
static void take_function(lua_State *L, sip_id id) {
  lua_getiuservalue(L, 1, LOOP_LOOKUPS);
  lua_rawgeti(L, -1, (lua_Integer)id);
  lua_pushnil(L);
  lua_rawseti(L, -3, (lua_Integer)id);
}

/* function(ips), or (nil, error) also when there are none. */
static int call_addresses(lua_State *L) {
  const answer *a = lua_touserdata(L, 2);
  take_function(L, a->id);
  if (a->answer->count == 0) {
    lua_call(L, bind_fail(L, a->answer->error ? a->answer->error : SIP_E_DNS, NULL), 0);
    return 0;
  }
  bind_push_records(L, a->answer);
  lua_call(L, 1, 0);
  return 0;
}

/* function(records), or (nil, error). */
static int call_records(lua_State *L) {
  const answer *a = lua_touserdata(L, 2);
  take_function(L, a->id);
  if (a->answer->error) {
    lua_call(L, bind_fail(L, a->answer->error, NULL), 0);
    return 0;
  }
  bind_push_records(L, a->answer);
  lua_call(L, 1, 0);
  return 0;
}

static void on_addresses(const net_question *question, const sip_dns_answer *found) {
  answer a = {.id = question->id, .answer = found};
  bind_loop_enter(question->context, call_addresses, &a);
}

static void on_records(const net_question *question, const sip_dns_answer *found) {
  answer a = {.id = question->id, .answer = found};
  bind_loop_enter(question->context, call_records, &a);
}

/* Asks; the function that waits is at `index`, the loop at 1. */
static int ask(lua_State *L, net_question question, int index) {
  bind_loop *loop = bind_loop_check(L);
  luaL_checktype(L, index, LUA_TFUNCTION);
  question.context = loop;
  question.id = loop->last_lookup + 1;
  lua_settop(L, index);
  lua_getiuservalue(L, 1, LOOP_LOOKUPS);
  lua_pushvalue(L, index);
  lua_rawseti(L, -2, (lua_Integer)question.id);
  loop->last_lookup = question.id;
  int error = net_resolve(loop->net, &question);
  if (!error) {
    bind_loop_touch(L, loop);
    lua_pushboolean(L, true);
    return 1;
  }
  lua_pushnil(L);
  lua_rawseti(L, -2, (lua_Integer)question.id);
  return bind_fail(L, error, NULL);
}

/* resolve(host, function(ips or nil, error)) */
static int loop_resolve(lua_State *L) {
  bind_loop_check(L);
  return ask(
      L, (net_question){.type = SIP_DNS_A, .host = bind_check_str(L, 2), .done = on_addresses}, 3);
}

/* lookup("A", "SRV" or "NAPTR", name, function(records or nil, error)) */
static int loop_lookup(lua_State *L) {
  bind_loop_check(L);
  return ask(
      L,
      (net_question){
          .type = bind_check_dns_type(L, 2), .host = bind_check_str(L, 3), .done = on_records},
      4);
}

/* locate(engine, id, host [, port [, transport [, secure [, steady]]]]): what on_resolve was
 * asked is for the DNS after all. */
static int loop_locate(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  net_engine *attached = bind_loop_check_attachment(L, loop)->net;
  sip_query query = {.id = (sip_id)luaL_checkinteger(L, 3)};
  bind_check_query(L, 4, &query);
  net_locate(attached, &query);
  bind_loop_touch(L, loop);
  lua_pushboolean(L, true);
  return 1;
}

/* name_servers("192.0.2.1,[2001:db8::1]:5353" [, ms that an answer may take]) */
static int loop_name_servers(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  lua_Integer ms = luaL_optinteger(L, 3, 0);
  luaL_argcheck(L, ms >= 0 && ms <= INT32_MAX, 3, "milliseconds expected");
  int error = net_resolver_set(loop->net, luaL_checkstring(L, 2), (uint32_t)ms);
  if (error) return bind_fail(L, error, NULL);
  lua_pushboolean(L, true);
  return 1;
}

const luaL_Reg bind_loop_names_methods[] = {{"resolve", loop_resolve},
                                            {"lookup", loop_lookup},
                                            {"locate", loop_locate},
                                            {"name_servers", loop_name_servers},
                                            {NULL, NULL}};
