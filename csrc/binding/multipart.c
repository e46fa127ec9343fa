/* SPDX-License-Identifier: MIT
 *
 * message:parts(), core.parts and core.multipart: bodies of several parts.
 */
#include "sip/multipart.h"

#include "base/error.h"
#include "base/hash.h"
#include "binding/message.h"
#include "binding/value.h"
#include "sip/section.h"

#define PART_CLASS "moonsip.part"

enum { PARTS_MAX = 64, BOUNDARY_TRIES = 8, SYNTAX_ROOM = 16 };

/* part.headers: by lower-case name, the first of each. */
static void push_headers(lua_State *L, const sip_part *part) {
  sip_section section;
  sip_line line;
  lua_newtable(L);
  sip_section_init(&section, part->headers);
  while (sip_section_next(&section, &line) == SIP_LINE_HEADER) {
    bind_push_lower(L, line.name);
    lua_pushvalue(L, -1);
    bool new_name = lua_rawget(L, -3) == LUA_TNIL;
    lua_pop(L, 1);
    if (!new_name) {
      lua_pop(L, 1);
      continue;
    }
    bind_push_unfolded(L, line.value);
    lua_rawset(L, -3);
  }
}

static void set_typed(lua_State *L, const char *key, const sip_part *part, sip_header_id id,
                      sip_str otherwise) {
  sip_str value = otherwise;
  bool there = sip_part_header(part, id, &value);
  if (!there && otherwise.len == 0) return;
  if (bind_push_value(L, id, value) == 0) lua_setfield(L, -2, key);
}

static void push_part(lua_State *L, const sip_part *part, uint16_t depth) {
  lua_createtable(L, 0, 5);
  push_headers(L, part);
  lua_setfield(L, -2, "headers");
  bind_push_str(L, part->body);
  lua_setfield(L, -2, "body");
  lua_pushinteger(L, depth);
  lua_setfield(L, -2, "depth");
  /* RFC 2046 5.2 */
  set_typed(L, "content_type", part, SIP_HEADER_CONTENT_TYPE, SIP_STR("text/plain"));
  set_typed(L, "disposition", part, SIP_HEADER_CONTENT_DISPOSITION, (sip_str){0});
  luaL_setmetatable(L, PART_CLASS);
}

/* Array of parts | nil, err */
static int push_parts(lua_State *L, sip_str content_type, sip_str body, uint16_t depth) {
  sip_multipart cursor;
  sip_part part;
  int more = sip_multipart_init(&cursor, content_type, body, depth, &sip_limits_default);
  if (more) return bind_fail(L, more, NULL);
  lua_newtable(L);
  lua_Integer count = 0;
  while ((more = sip_multipart_next(&cursor, &part)) == 1) {
    push_part(L, &part, cursor.depth);
    lua_seti(L, -2, ++count);
  }
  return more ? bind_fail(L, more, NULL) : 1;
}

int bind_message_parts(lua_State *L) {
  const sip_message *m = bind_message_at(L, 1)->message;
  const sip_header *type = sip_message_find(m, SIP_HEADER_CONTENT_TYPE, 0);
  if (!type) return bind_fail(L, SIP_E_MULTIPART, "no Content-Type");
  return push_parts(L, sip_message_value(m, type), sip_message_body(m), 0);
}

/* core.parts(content_type, body) */
static int core_parts(lua_State *L) {
  return push_parts(L, bind_check_str(L, 1), bind_check_str(L, 2), 0);
}

/* part:parts(): the parts inside a part */
static int part_parts(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_getfield(L, 1, "headers");
  luaL_checktype(L, -1, LUA_TTABLE);
  lua_getfield(L, -1, "content-type");
  lua_getfield(L, 1, "body");
  lua_getfield(L, 1, "depth");
  if (!lua_isstring(L, -3)) return bind_fail(L, SIP_E_MULTIPART, "no Content-Type");
  lua_Integer depth = luaL_checkinteger(L, -1);
  luaL_argcheck(L, depth >= 0 && depth <= UINT16_MAX, 1, "depth out of range");
  return push_parts(L, bind_check_str(L, -3), bind_check_str(L, -2), (uint16_t)depth);
}

/* --- Building ------------------------------------------------------------------ */

/* The flat list { headers, body, ... } at index 1, as slices of strings that stay
 * on the stack, in memory that is pushed. */
static sip_part *check_parts(lua_State *L, size_t *count, size_t *size) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Integer len = luaL_len(L, 1);
  luaL_argcheck(L, len >= 0 && len % 2 == 0 && len / 2 <= PARTS_MAX, 1,
                "1 to 64 pairs of headers and body expected");
  luaL_checkstack(L, (int)len + 1, "too many parts");
  *count = (size_t)len / 2;
  *size = 0;
  sip_part *parts = lua_newuserdatauv(L, (*count + 1) * sizeof *parts, 0);
  for (size_t i = 0; i < *count; i++) {
    lua_geti(L, 1, (lua_Integer)(2 * i + 1));
    lua_geti(L, 1, (lua_Integer)(2 * i + 2));
    parts[i] = (sip_part){.headers = bind_check_str(L, -2), .body = bind_check_str(L, -1)};
    *size += parts[i].headers.len + parts[i].body.len + SIP_BOUNDARY_MAX + SYNTAX_ROOM;
  }
  return parts;
}

/* Of the content, so that the same parts give the same bytes; another one for
 * every attempt. */
static sip_str make_boundary(const sip_part *parts, size_t count, uint64_t attempt, char *memory) {
  uint64_t sum = attempt;
  for (size_t i = 0; i < count; i++) sum = sip_hash((sip_hash_key){sum, attempt}, parts[i].body);
  sip_buffer out = {.ptr = memory, .size = SIP_BOUNDARY_MAX, .max = SIP_BOUNDARY_MAX};
  SIP_BUFFER_ADD(&out, "part-");
  sip_buffer_add_number(&out, sum);
  return sip_buffer_str(&out);
}

/* core.multipart({ headers, body, ... }, boundary) -> body, boundary | nil, err.
 * Headers are whole lines. Without a boundary one is found that no part holds. */
static int new_multipart(lua_State *L) {
  lua_settop(L, 2);
  size_t count, size;
  sip_str boundary = bind_opt_str(L, 2);
  const sip_part *parts = check_parts(L, &count, &size);
  sip_buffer out = bind_buffer(L, size + SIP_BOUNDARY_MAX + SYNTAX_ROOM);
  char memory[SIP_BOUNDARY_MAX];
  bool given = boundary.ptr != NULL;
  int error = SIP_E_INVALID;
  for (uint64_t attempt = 0; error == SIP_E_INVALID && attempt < BOUNDARY_TRIES; attempt++) {
    if (!given) boundary = make_boundary(parts, count, attempt, memory);
    out.len = 0;
    error = sip_multipart_write(parts, count, boundary, &out);
    if (given) break;
  }
  if (error)
    return bind_fail(L, error, "no part, malformed headers, or a boundary that a part holds");
  bind_push_str(L, sip_buffer_str(&out));
  bind_push_str(L, boundary);
  return 2;
}

void bind_multipart_open(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"parts", core_parts}, {"multipart", new_multipart}, {NULL, NULL}};
  luaL_newmetatable(L, PART_CLASS);
  lua_newtable(L);
  lua_pushcfunction(L, part_parts);
  lua_setfield(L, -2, "parts");
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}
