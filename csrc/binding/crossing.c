/* SPDX-License-Identifier: MIT
 *
 * What crosses from one leg of a B2BUA to the other: core.crossing, a policy of header fields,
 * and core.session_text, the description of a message.
 */
#include "binding/message.h"
#include "sip/header_scope.h"
#include "sip/media_type.h"

static const char crossing_class[] = "moonsip.crossing";

/* A name, or what names begin with. */
typedef struct pattern {
  sip_str text;
  bool is_prefix;
} pattern;

typedef struct crossing {
  bool hides;
  size_t pass_count, count;
  pattern patterns[]; /* those that pass, then those that are dropped */
} crossing;

enum { PASS = 1, DROP, HIDES };

static void read_patterns(lua_State *L, int list, pattern *out, size_t count) {
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, list, (lua_Integer)i + 1);
    sip_str text = bind_check_str(L, -1);
    bool is_prefix = text.len > 0 && text.ptr[text.len - 1] == '*';
    if (is_prefix) text.len--;
    out[i] = (pattern){.text = text, .is_prefix = is_prefix};
    lua_pop(L, 1); /* the list, which the object keeps, has it */
  }
}

/* crossing(pass, drop, hides): two lists of names, of which the last character may be "*" */
static int new_crossing(lua_State *L) {
  luaL_checktype(L, PASS, LUA_TTABLE);
  luaL_checktype(L, DROP, LUA_TTABLE);
  size_t pass_count = lua_rawlen(L, PASS), drop_count = lua_rawlen(L, DROP);
  size_t count = pass_count + drop_count;
  crossing *c = lua_newuserdatauv(L, sizeof *c + count * sizeof c->patterns[0], DROP);
  *c = (crossing){.hides = lua_toboolean(L, HIDES), .pass_count = pass_count, .count = count};
  read_patterns(L, PASS, c->patterns, pass_count);
  read_patterns(L, DROP, c->patterns + pass_count, drop_count);
  for (int list = PASS; list <= DROP; list++) {
    lua_pushvalue(L, list);
    lua_setiuservalue(L, -2, list);
  }
  bind_class_set(L, crossing_class);
  return 1;
}

static bool is_listed(const pattern *list, size_t count, sip_str name, bool as_prefix) {
  for (size_t i = 0; i < count; i++) {
    if (list[i].is_prefix != as_prefix) continue;
    if (as_prefix ? sip_str_starts_nocase(name, list[i].text)
                  : sip_str_equal_nocase(name, list[i].text)) {
      return true;
    }
  }
  return false;
}

/* A name wins over one that ends in "*", and drop over pass. */
static bool passes(const crossing *c, sip_header_scope scope, sip_str name) {
  if (scope == SIP_SCOPE_LEG) return false;
  const pattern *drop = c->patterns + c->pass_count;
  size_t drop_count = c->count - c->pass_count;
  for (int as_prefix = 0; c->count && as_prefix <= 1; as_prefix++) {
    if (is_listed(drop, drop_count, name, as_prefix)) return false;
    if (is_listed(c->patterns, c->pass_count, name, as_prefix)) return true;
  }
  if (scope == SIP_SCOPE_CALL) return true;
  return scope == SIP_SCOPE_OPEN && !c->hides && !sip_str_starts_nocase(name, SIP_STR("P-"));
}

/* Whether one of the first `count` names in the flat list at the index is this one. */
static bool is_set(lua_State *L, int flat, lua_Integer count, sip_str name) {
  bool found = false;
  for (lua_Integer at = 1; at < count && !found; at += 2) {
    lua_rawgeti(L, flat, at);
    found = sip_str_equal_nocase(bind_check_str(L, -1), name);
    lua_pop(L, 1);
  }
  return found;
}

/* crossing:carry(message [, flat]): the names and values that cross, behind those that are in
 * the flat list and stay; nil for none at all. */
static int crossing_carry(lua_State *L) {
  enum { MESSAGE = 2, FLAT };
  const crossing *c = bind_class_check(L, 1, crossing_class);
  const sip_message *m = bind_message_at(L, MESSAGE)->message;
  lua_settop(L, FLAT);
  lua_Integer count = lua_isnil(L, FLAT) ? 0 : (lua_Integer)lua_rawlen(L, FLAT), at = count;
  for (size_t i = 0; i < m->header_count; i++) {
    const sip_header *h = &m->headers[i];
    sip_header_scope scope = sip_header_scope_of((sip_header_id)h->id);
    if (scope == SIP_SCOPE_LEG) continue;
    sip_str name = h->id == SIP_HEADER_UNKNOWN ? sip_message_header_name(m, h)
                                               : sip_header_name((sip_header_id)h->id);
    if (!passes(c, scope, name) || is_set(L, FLAT, count, name)) continue;
    if (at == 0) {
      lua_newtable(L);
      lua_replace(L, FLAT);
    }
    bind_push_str(L, name);
    lua_rawseti(L, FLAT, ++at);
    bind_push_unfolded(L, sip_message_value(m, h));
    lua_rawseti(L, FLAT, ++at);
  }
  return 1;
}

/* session_text(message): the session description that is its body; nil when it has none; false
 * where header fields say more of the body. */
static int session_text(lua_State *L) {
  const sip_message *m = bind_message_at(L, 1)->message;
  const sip_header *h = sip_message_find(m, SIP_HEADER_CONTENT_TYPE, 0);
  sip_media_type type;
  if (m->body_len == 0) {
    lua_pushnil(L);
  } else if (!h || sip_media_type_parse(sip_message_value(m, h), &type) ||
             !sip_media_type_is(&type, SIP_STR("application/sdp")) ||
             sip_message_find(m, SIP_HEADER_CONTENT_DISPOSITION, 0) ||
             sip_message_find(m, SIP_HEADER_CONTENT_ENCODING, 0)) {
    lua_pushboolean(L, false);
  } else {
    bind_push_str(L, sip_message_body(m));
  }
  return 1;
}

/* header_scope(name): "leg", "call", "host", or "open" for a name that is not known */
static int header_scope(lua_State *L) {
  static const char *const names[] = {[SIP_SCOPE_OPEN] = "open",
                                      [SIP_SCOPE_LEG] = "leg",
                                      [SIP_SCOPE_CALL] = "call",
                                      [SIP_SCOPE_HOST] = "host"};
  lua_pushstring(L, names[sip_header_scope_of(sip_header_find(bind_check_str(L, 1)))]);
  return 1;
}

void bind_crossing_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"carry", crossing_carry}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"crossing", new_crossing},
                                       {"header_scope", header_scope},
                                       {"session_text", session_text},
                                       {NULL, NULL}};
  bind_class_open(L, crossing_class);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}
