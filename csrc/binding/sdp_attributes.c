/* SPDX-License-Identifier: MIT
 *
 * description.attributes, medium.attributes: attributes by name. One without value
 * reads as true; of several the first is read, and setting replaces all.
 */
#include "binding/sdp.h"
#include "sdp/edit.h"

#define ATTRIBUTES_CLASS "moonsip.sdp_attributes"

enum { OWNER_VALUE = 1 };

void bind_push_attributes(lua_State *L, int index) {
  index = lua_absindex(L, index);
  lua_newuserdatauv(L, 0, 1);
  luaL_setmetatable(L, ATTRIBUTES_CLASS);
  lua_pushvalue(L, index);
  lua_setiuservalue(L, -2, OWNER_VALUE);
}

/* The section of the proxy at index 1. */
static bind_sdp_section section_of(lua_State *L) {
  luaL_checkudata(L, 1, ATTRIBUTES_CLASS);
  lua_getiuservalue(L, 1, OWNER_VALUE);
  return bind_check_section(L, -1);
}

static void push_value(lua_State *L, const sdp_attribute *attribute) {
  if (attribute->has_value) {
    bind_push_str(L, attribute->value);
  } else {
    lua_pushboolean(L, true);
  }
}

static int attributes_index(lua_State *L) {
  sip_str name = bind_check_str(L, 2);
  bind_sdp_section at = section_of(L);
  const sdp_session *session = bind_section_session(L, at);
  sdp_section lines = sdp_section_of(session, at.media);
  sdp_attribute found;
  if (!sdp_section_next_attribute(session, &lines, name, &found)) return 0;
  push_value(L, &found);
  return 1;
}

/* A string, a number, or true for none. */
static sip_str check_one(lua_State *L, int index, const char *name) {
  bool none = lua_isboolean(L, index) && lua_toboolean(L, index);
  return none ? (sip_str){0} : bind_check_value(L, index, name);
}

/* The values at index 3 in memory that is pushed. */
static sip_str *check_values(lua_State *L, const char *name, size_t *count) {
  bool removes = lua_isnil(L, 3) || (lua_isboolean(L, 3) && !lua_toboolean(L, 3));
  if (!lua_istable(L, 3)) {
    sip_str *one = lua_newuserdatauv(L, sizeof *one, 0);
    *count = !removes;
    *one = removes ? (sip_str){0} : check_one(L, 3, name);
    return one;
  }
  lua_Integer len = luaL_len(L, 3);
  if (len > sdp_limits_default.lines) bind_bad_value(L, name, "too many values");
  *count = (size_t)len;
  sip_str *values = lua_newuserdatauv(L, (*count + 1) * sizeof *values, 0);
  luaL_checkstack(L, (int)*count, "too many values");
  for (size_t i = 0; i < *count; i++) {
    lua_geti(L, 3, (lua_Integer)i + 1);
    values[i] = check_one(L, -1, name);
  }
  return values;
}

static int attributes_newindex(lua_State *L) {
  lua_settop(L, 3);
  sip_str name = bind_check_value(L, 2, "name");
  size_t count;
  sip_str *values = check_values(L, lua_tostring(L, 2), &count);
  bind_sdp_section at = section_of(L);
  const sdp_session *session = bind_section_session(L, at);
  sip_buffer *out = bind_sdp_edit_start(L);
  int error = sdp_edit_attribute(session, at.media, name, values, count, out);
  bind_sdp_edit_finish(L, at.session, error, lua_tostring(L, 2));
  return 0;
}

/* Upvalue: how many were given. */
static int attributes_next(lua_State *L) {
  lua_settop(L, 1);
  lua_Integer given = lua_tointeger(L, lua_upvalueindex(1));
  bind_sdp_section at = section_of(L);
  const sdp_session *session = bind_section_session(L, at);
  sdp_section lines = sdp_section_of(session, at.media);
  const sdp_line *line = NULL;
  for (lua_Integer i = 0; i <= given; i++) line = sdp_section_next(&lines, 'a');
  if (!line) return 0;
  lua_pushinteger(L, given + 1);
  lua_replace(L, lua_upvalueindex(1));
  sdp_attribute attribute;
  sdp_attribute_parse(sdp_line_value(session, line), &attribute);
  bind_push_str(L, attribute.name);
  push_value(L, &attribute);
  return 2;
}

static int attributes_pairs(lua_State *L) {
  luaL_checkudata(L, 1, ATTRIBUTES_CLASS);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, attributes_next, 1);
  lua_pushvalue(L, 1);
  return 2;
}

static int attributes_len(lua_State *L) {
  bind_sdp_section at = section_of(L);
  sdp_section lines = sdp_section_of(bind_section_session(L, at), at.media);
  lua_Integer count = 0;
  while (sdp_section_next(&lines, 'a')) count++;
  lua_pushinteger(L, count);
  return 1;
}

void bind_attributes_open(lua_State *L) {
  static const luaL_Reg meta[] = {{"__index", attributes_index},
                                  {"__newindex", attributes_newindex},
                                  {"__pairs", attributes_pairs},
                                  {"__len", attributes_len},
                                  {NULL, NULL}};
  luaL_newmetatable(L, ATTRIBUTES_CLASS);
  luaL_setfuncs(L, meta, 0);
  lua_pop(L, 1);
}
