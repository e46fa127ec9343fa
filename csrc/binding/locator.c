/* SPDX-License-Identifier: MIT
 *
 * core.locator: RFC 3263 as questions and answers, for who has a DNS of his own.
 */
#include "binding/locator.h"

#include <string.h>

#include "base/error.h"
#include "net/error.h"
#include "net/random.h"

#define LOCATOR_CLASS "moonsip.locator"

enum { RECORDS_MAX = 64, QUERY_FIELDS = 5 };

typedef struct bind_locator {
  sip_random random;
  sip_locator locator;
} bind_locator;

static const struct type_name {
  sip_dns_type type;
  const char *name;
} type_names[] = {{SIP_DNS_A, "A"}, {SIP_DNS_SRV, "SRV"}, {SIP_DNS_NAPTR, "NAPTR"}};
enum { TYPE_NAMES = sizeof type_names / sizeof *type_names };

sip_dns_type bind_check_dns_type(lua_State *L, int index) {
  const char *name = luaL_checkstring(L, index);
  for (size_t i = 0; i < TYPE_NAMES; i++) {
    if (strcmp(type_names[i].name, name) == 0) return type_names[i].type;
  }
  luaL_argerror(L, index, "\"A\", \"SRV\" or \"NAPTR\" expected");
  return SIP_DNS_A;
}

static void push_type(lua_State *L, sip_dns_type type) {
  for (size_t i = 0; i < TYPE_NAMES; i++) {
    if (type_names[i].type == type) lua_pushstring(L, type_names[i].name);
  }
}

/* --- Records ------------------------------------------------------------------------ */

static void set_number(lua_State *L, const char *name, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

static void set_text(lua_State *L, const char *name, sip_str value) {
  bind_push_str(L, value);
  lua_setfield(L, -2, name);
}

static void push_record(lua_State *L, sip_dns_type type, const sip_dns_record *record) {
  if (type == SIP_DNS_A) {
    bind_push_ip(L, &record->address);
    return;
  }
  lua_createtable(L, 0, 6);
  if (type == SIP_DNS_SRV) {
    set_number(L, "priority", record->srv.priority);
    set_number(L, "weight", record->srv.weight);
    set_number(L, "port", record->srv.port);
    set_text(L, "target", record->srv.target);
    return;
  }
  set_number(L, "order", record->naptr.order);
  set_number(L, "preference", record->naptr.preference);
  set_text(L, "flags", record->naptr.flags);
  set_text(L, "service", record->naptr.service);
  set_text(L, "regexp", record->naptr.regexp);
  set_text(L, "replacement", record->naptr.replacement);
}

void bind_push_records(lua_State *L, const sip_dns_answer *answer) {
  lua_createtable(L, (int)answer->count, 0);
  for (size_t i = 0; i < answer->count; i++) {
    push_record(L, answer->type, &answer->records[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* A field of the table at the top, which keeps it. */
static sip_str get_text(lua_State *L, const char *name) {
  size_t len = 0;
  lua_getfield(L, -1, name);
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : "";
  lua_pop(L, 1);
  return sip_str_make(text, len);
}

static uint16_t get_number(lua_State *L, const char *name) {
  lua_getfield(L, -1, name);
  lua_Integer value = lua_tointeger(L, -1);
  lua_pop(L, 1);
  return value > 0 && value <= UINT16_MAX ? (uint16_t)value : 0;
}

/* The record at the top of the stack; its text stays the table's. */
static void read_record(lua_State *L, sip_dns_type type, sip_dns_record *out) {
  *out = (sip_dns_record){0};
  if (type == SIP_DNS_A) {
    size_t len = 0;
    const char *ip = lua_tolstring(L, -1, &len);
    if (ip && !sip_sockaddr_parse(sip_str_make(ip, len), 0, &out->address)) {
      out->address.family = 0;
    }
  } else if (!lua_istable(L, -1)) {
    luaL_error(L, "a record is a table");
  } else if (type == SIP_DNS_SRV) {
    out->srv = (sip_srv){.priority = get_number(L, "priority"),
                         .weight = get_number(L, "weight"),
                         .port = get_number(L, "port"),
                         .target = get_text(L, "target")};
  } else {
    out->naptr = (sip_naptr){.order = get_number(L, "order"),
                             .preference = get_number(L, "preference"),
                             .flags = get_text(L, "flags"),
                             .service = get_text(L, "service"),
                             .regexp = get_text(L, "regexp"),
                             .replacement = get_text(L, "replacement")};
  }
}

/* --- Queries -------------------------------------------------------------------------- */

void bind_check_query(lua_State *L, int index, sip_query *query) {
  query->host = bind_check_str(L, index);
  lua_Integer port = luaL_optinteger(L, index + 1, 0);
  luaL_argcheck(L, port >= 0 && port <= UINT16_MAX, index + 1, "a port expected");
  query->port = (uint16_t)port;
  if (!lua_isnoneornil(L, index + 2)) query->transport = bind_check_transport(L, index + 2);
  query->secure = lua_toboolean(L, index + 3);
  query->steady = lua_toboolean(L, index + 4);
}

void bind_push_query(lua_State *L, const sip_query *query) {
  luaL_checkstack(L, QUERY_FIELDS, NULL);
  bind_push_str(L, query->host);
  if (query->port) {
    lua_pushinteger(L, query->port);
  } else {
    lua_pushnil(L);
  }
  if (query->transport) {
    bind_push_str(L, sip_transport_uri_name(query->transport));
  } else {
    lua_pushnil(L);
  }
  lua_pushboolean(L, query->secure);
  lua_pushboolean(L, query->steady);
}

/* --- The class -------------------------------------------------------------------------- */

static bind_locator *check(lua_State *L) {
  return luaL_checkudata(L, 1, LOCATOR_CLASS);
}

static uint8_t check_spoken(lua_State *L, int index) {
  uint8_t spoken = 0;
  luaL_checktype(L, index, LUA_TTABLE);
  lua_Integer count = (lua_Integer)lua_rawlen(L, index);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, index, i);
    sip_transport transport = bind_check_transport(L, -1);
    if (transport < SIP_TRANSPORT_OTHER) spoken |= sip_locator_bit(transport);
    lua_pop(L, 1);
  }
  return spoken;
}

/* locator(transports, seed or nil, host [, port [, transport [, secure [, steady]]]]) */
static int locator_new(lua_State *L) {
  sip_query query = {0};
  uint8_t spoken = check_spoken(L, 1);
  bind_check_query(L, 3, &query);
  bind_locator *self = lua_newuserdatauv(L, sizeof *self, 0);
  luaL_setmetatable(L, LOCATOR_CLASS);
  if (lua_isnoneornil(L, 2)) {
    sip_random_init(&self->random, net_random, NULL);
  } else {
    sip_random_init_seeded(&self->random, (uint64_t)luaL_checkinteger(L, 2));
  }
  const sip_locator_wish wish = {
      .query = &query, .spoken = spoken, .random = query.steady ? NULL : &self->random};
  sip_locator_start(&self->locator, &wish);
  return 1;
}

/* next() -> number, "A", "SRV" or "NAPTR", name; nothing: no question for now */
static int locator_next(lua_State *L) {
  sip_dns_question question;
  if (!sip_locator_next(&check(L)->locator, &question)) return 0;
  lua_pushinteger(L, question.number);
  push_type(L, question.type);
  bind_push_str(L, question.name);
  return 3;
}

static sip_dns_type type_of(const sip_locator *locator) {
  if (locator->step == SIP_LOCATE_SERVICES) return SIP_DNS_NAPTR;
  return locator->step == SIP_LOCATE_SERVERS ? SIP_DNS_SRV : SIP_DNS_A;
}

/* answer(number, records or nil [, error name]) */
static int locator_answer(lua_State *L) {
  bind_locator *self = check(L);
  uint32_t number = (uint32_t)luaL_checkinteger(L, 2);
  sip_dns_record records[RECORDS_MAX];
  sip_dns_answer answer = {.type = type_of(&self->locator), .records = records};
  if (!lua_isnoneornil(L, 4)) answer.error = net_error_code(luaL_checkstring(L, 4));
  if (!lua_isnoneornil(L, 3)) {
    luaL_checktype(L, 3, LUA_TTABLE);
    size_t given = lua_rawlen(L, 3);
    for (; answer.count < given && answer.count < RECORDS_MAX; answer.count++) {
      lua_rawgeti(L, 3, (lua_Integer)answer.count + 1);
      read_record(L, answer.type, &records[answer.count]);
      lua_pop(L, 1);
    }
  }
  sip_locator_answer(&self->locator, number, &answer);
  return 0;
}

/* targets() -> list of { transport, ip, port }, or nil and an error; nothing while there
 * are questions. */
static int locator_targets(lua_State *L) {
  const bind_locator *self = check(L);
  sip_target targets[SIP_LOCATOR_TARGETS];
  if (!sip_locator_is_done(&self->locator)) return 0;
  int count = sip_locator_targets(&self->locator, targets);
  if (count < 0) return bind_fail(L, count, NULL);
  lua_createtable(L, count, 0);
  for (int i = 0; i < count; i++) {
    lua_createtable(L, 0, 3);
    set_text(L, "transport", sip_transport_uri_name(targets[i].transport));
    bind_push_ip(L, &targets[i].address);
    lua_setfield(L, -2, "ip");
    set_number(L, "port", targets[i].address.port);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

static const luaL_Reg methods[] = {
    {"next", locator_next}, {"answer", locator_answer}, {"targets", locator_targets}, {NULL, NULL}};

void bind_locator_open(lua_State *L) {
  luaL_newmetatable(L, LOCATOR_CLASS);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, locator_new);
  lua_setfield(L, -2, "locator");
}
