/* SPDX-License-Identifier: MIT
 *
 * Parameters and URI headers by name: uri.params.transport = "tcp". A value reads
 * without quotes and escapes, as true when there is none; nil removes.
 */
#include "binding/uri.h"

#define PARAMS_CLASS "moonsip.params"

enum { PARENT_VALUE = 1, VALUE_ROOM = 3, SYNTAX_ROOM = 4 };

typedef struct proxy {
  bind_params_kind kind;
} proxy;

void bind_push_params(lua_State *L, int parent, bind_params_kind kind) {
  parent = lua_absindex(L, parent);
  proxy *p = lua_newuserdatauv(L, sizeof *p, 1);
  p->kind = kind;
  luaL_setmetatable(L, PARAMS_CLASS);
  lua_pushvalue(L, parent);
  lua_setiuservalue(L, -2, PARENT_VALUE);
}

/* The list that the proxy at index 1 stands for; leaves the parent on the stack. */
static sip_str list_of(lua_State *L, bind_params_kind *kind) {
  const proxy *p = luaL_checkudata(L, 1, PARAMS_CLASS);
  *kind = p->kind;
  lua_getiuservalue(L, 1, PARENT_VALUE);
  if (p->kind == BIND_ADDRESS_PARAMS) return bind_check_name_addr(L, -1)->params;
  const sip_uri *uri = bind_check_uri(L, -1);
  return p->kind == BIND_URI_PARAMS ? uri->params : uri->headers;
}

static bool next(bind_params_kind kind, sip_str *rest, sip_param *param) {
  switch (kind) {
  case BIND_URI_PARAMS:
    return sip_uri_param_next(rest, param);
  case BIND_URI_HEADERS:
    return sip_uri_header_next(rest, param);
  default:
    return sip_param_next(rest, param) == 1;
  }
}

/* The escaped text stands for the plain one, without case. */
static bool stands_for(sip_str escaped, sip_str plain) {
  const char *at = escaped.ptr, *end = escaped.ptr + escaped.len;
  for (size_t i = 0; i < plain.len; i++) {
    if (at == end) return false;
    char c = *at;
    bool escape = sip_escape_at(at, end);
    if (escape) c = (char)(sip_char_hex(at[1]) << 4 | sip_char_hex(at[2]));
    at += escape ? 3 : 1;
    if (sip_char_lower(c) != sip_char_lower(plain.ptr[i])) return false;
  }
  return at == end;
}

static bool same_name(bind_params_kind kind, sip_str name, sip_str wanted) {
  if (kind == BIND_ADDRESS_PARAMS) return sip_str_equal_nocase(name, wanted);
  return stands_for(name, wanted);
}

static void push_name(lua_State *L, bind_params_kind kind, sip_str name) {
  if (kind == BIND_ADDRESS_PARAMS) {
    bind_push_str(L, name);
  } else {
    bind_push_unescaped(L, name);
  }
}

static void push_value(lua_State *L, bind_params_kind kind, const sip_param *param) {
  if (!param->has_value) {
    lua_pushboolean(L, true);
  } else if (kind == BIND_ADDRESS_PARAMS) {
    bind_push_unquoted(L, param->value);
  } else {
    bind_push_unescaped(L, param->value);
  }
}

static int params_index(lua_State *L) {
  sip_str name = bind_check_str(L, 2);
  bind_params_kind kind;
  sip_str rest = list_of(L, &kind);
  sip_param param;
  while (next(kind, &rest, &param)) {
    if (!same_name(kind, param.name, name)) continue;
    push_value(L, kind, &param);
    return 1;
  }
  lua_pushnil(L);
  return 1;
}

/* --- Setting ------------------------------------------------------------------- */

static void write_escaped(bind_params_kind kind, sip_str text, sip_buffer *out) {
  sip_escape(text, kind == BIND_URI_PARAMS ? SIP_CHAR_PARAM : SIP_CHAR_HEADER, out);
}

/* The value at index 3, which is no nil. */
static void write_value(lua_State *L, bind_params_kind kind, const char *name, sip_buffer *out) {
  if (lua_type(L, 3) == LUA_TBOOLEAN) {
    if (kind == BIND_URI_HEADERS) sip_buffer_add_char(out, '=');
    return;
  }
  sip_str value = bind_check_value(L, 3, name);
  sip_buffer_add_char(out, '=');
  if (kind != BIND_ADDRESS_PARAMS) {
    write_escaped(kind, value, out);
  } else if (sip_str_is(value, SIP_CHAR_TOKEN)) {
    sip_buffer_add(out, value);
  } else {
    sip_quote(value, out);
  }
}

static void write_pair(lua_State *L, bind_params_kind kind, sip_buffer *out) {
  sip_str name = bind_check_value(L, 2, "name");
  if (kind == BIND_URI_HEADERS) {
    if (out->len > 0) sip_buffer_add_char(out, '&');
  } else {
    sip_buffer_add_char(out, ';');
  }
  if (kind == BIND_ADDRESS_PARAMS) {
    if (!sip_str_is(name, SIP_CHAR_TOKEN)) bind_bad_value(L, name.ptr, "the name is no token");
    sip_buffer_add(out, name);
  } else {
    if (name.len == 0) bind_bad_value(L, "", "the name is empty");
    write_escaped(kind, name, out);
  }
  write_value(L, kind, name.ptr, out);
}

/* Another pair, as it is. */
static void keep_pair(bind_params_kind kind, sip_str pair, sip_buffer *out) {
  if (kind == BIND_URI_HEADERS) {
    if (pair.ptr[0] == '&') pair = sip_str_make(pair.ptr + 1, pair.len - 1);
    if (out->len > 0) sip_buffer_add_char(out, '&');
  }
  sip_buffer_add(out, pair);
}

static void set_list(lua_State *L, int parent, bind_params_kind kind, sip_str list) {
  switch (kind) {
  case BIND_URI_PARAMS:
    bind_uri_set_params(L, parent, list);
    break;
  case BIND_URI_HEADERS:
    bind_uri_set_headers(L, parent, list);
    break;
  default:
    bind_address_set_params(L, parent, list);
  }
}

static int params_newindex(lua_State *L) {
  sip_str name = bind_check_value(L, 2, "name");
  lua_settop(L, 3);
  bool removes = lua_isnil(L, 3) || (lua_isboolean(L, 3) && !lua_toboolean(L, 3));
  size_t value_len = 0;
  lua_tolstring(L, 3, &value_len); /* a number becomes the string that is written */
  bind_params_kind kind;
  sip_str rest = list_of(L, &kind);
  int parent = lua_gettop(L);
  sip_buffer out = bind_buffer(L, rest.len + VALUE_ROOM * (name.len + value_len) + SYNTAX_ROOM);
  bool written = removes;
  sip_param param;
  for (sip_str from = rest; next(kind, &rest, &param); from = rest) {
    if (!same_name(kind, param.name, name)) {
      keep_pair(kind, sip_str_between(from.ptr, rest.ptr), &out);
    } else if (!written) {
      write_pair(L, kind, &out);
      written = true;
    }
  }
  if (!written) write_pair(L, kind, &out);
  set_list(L, parent, kind, sip_buffer_str(&out));
  return 0;
}

/* --- Walking --------------------------------------------------------------------- */

/* A name says nothing of how often it was there, so the upvalue counts how many
 * pairs were given. */
static int params_next(lua_State *L) {
  lua_settop(L, 1);
  lua_Integer given = lua_tointeger(L, lua_upvalueindex(1));
  lua_pushinteger(L, given + 1);
  lua_replace(L, lua_upvalueindex(1));
  bind_params_kind kind;
  sip_str rest = list_of(L, &kind);
  sip_param param;
  for (lua_Integer i = 0; next(kind, &rest, &param); i++) {
    if (i < given) continue;
    push_name(L, kind, param.name);
    push_value(L, kind, &param);
    return 2;
  }
  return 0;
}

static int params_pairs(lua_State *L) {
  luaL_checkudata(L, 1, PARAMS_CLASS);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, params_next, 1);
  lua_pushvalue(L, 1);
  return 2;
}

static int params_tostring(lua_State *L) {
  bind_params_kind kind;
  bind_push_str(L, list_of(L, &kind));
  return 1;
}

void bind_params_open(lua_State *L) {
  static const luaL_Reg meta[] = {{"__index", params_index},
                                  {"__newindex", params_newindex},
                                  {"__pairs", params_pairs},
                                  {"__tostring", params_tostring},
                                  {NULL, NULL}};
  luaL_newmetatable(L, PARAMS_CLASS);
  luaL_setfuncs(L, meta, 0);
  lua_pop(L, 1);
}
