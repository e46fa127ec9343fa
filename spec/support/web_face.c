/* SPDX-License-Identifier: MIT
 *
 * csrc/web for specs. Bytes are handed over in blocks of their exact size, so that a
 * sanitizer sees a step beyond.
 */
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "web/reader.h"
#include "web/upgrade.h"
#include "web/utf8.h"

#define READER_CLASS "spec.web_reader"

typedef struct face {
  sip_alloc alloc;
  web_reader reader;
} face;

static sip_str check_str(lua_State *L, int index) {
  size_t len;
  const char *text = luaL_checklstring(L, index, &len);
  return sip_str_make(text, len);
}

/* reader(max, expects_mask) */
static int reader_new(lua_State *L) {
  face *f = lua_newuserdatauv(L, sizeof *f, 0);
  sip_alloc_init(&f->alloc, NULL, NULL);
  web_reader_init(&f->reader, &f->alloc, (size_t)luaL_checkinteger(L, 1), lua_toboolean(L, 2));
  luaL_setmetatable(L, READER_CLASS);
  return 1;
}

static int reader_gc(lua_State *L) {
  face *f = luaL_checkudata(L, 1, READER_CLASS);
  web_reader_deinit(&f->reader);
  return 0;
}

static const char *const kinds[] = {"more", "message", "ping", "pong", "close", "broken", "memory"};

/* feed(bytes): a list of { kind, data, code } without the last "more". */
static int reader_feed(lua_State *L) {
  face *f = luaL_checkudata(L, 1, READER_CLASS);
  sip_str given = check_str(L, 2);
  char *copy = malloc(given.len ? given.len : 1);
  if (!copy) return luaL_error(L, "no memory");
  memcpy(copy, given.ptr, given.len);
  sip_str bytes = sip_str_make(copy, given.len);
  lua_newtable(L);
  for (lua_Integer n = 1;; n++) {
    web_event event = web_reader_next(&f->reader, &bytes);
    if (event.kind == WEB_EVENT_MORE) break;
    lua_createtable(L, 0, 3);
    lua_pushstring(L, kinds[event.kind]);
    lua_setfield(L, -2, "kind");
    lua_pushlstring(L, event.data.ptr ? event.data.ptr : "", event.data.len);
    lua_setfield(L, -2, "data");
    lua_pushinteger(L, event.code);
    lua_setfield(L, -2, "code");
    lua_rawseti(L, -2, n);
    if (event.kind >= WEB_EVENT_BROKEN) break;
  }
  free(copy);
  return 1;
}

/* live(): bytes of memory that it holds. */
static int reader_live(lua_State *L) {
  face *f = luaL_checkudata(L, 1, READER_CLASS);
  lua_pushinteger(L, (lua_Integer)f->alloc.live_bytes);
  return 1;
}

/* write(opcode, length, is_final [, mask]): the head of a frame */
static int frame_write(lua_State *L) {
  unsigned char head[WEB_FRAME_HEAD_MAX];
  web_frame frame = {.opcode = (web_opcode)luaL_checkinteger(L, 1),
                     .len = (uint64_t)luaL_checkinteger(L, 2),
                     .is_final = lua_toboolean(L, 3),
                     .is_masked = !lua_isnoneornil(L, 4)};
  if (frame.is_masked) memcpy(frame.mask, luaL_checkstring(L, 4), WEB_MASK_SIZE);
  lua_pushlstring(L, (char *)head, web_frame_write(&frame, head));
  return 1;
}

static size_t read_list(lua_State *L, int index, sip_str *out) {
  size_t count = lua_isnoneornil(L, index) ? 0 : (size_t)luaL_len(L, index);
  for (size_t i = 0; i < count; i++) {
    lua_geti(L, index, (lua_Integer)i + 1);
    out[i] = check_str(L, -1);
    lua_pop(L, 1);
  }
  return count;
}

/* answer(head, paths, origins): status, text, why */
static int upgrade_answer(lua_State *L) {
  sip_alloc alloc;
  sip_buffer out;
  sip_str paths[8], origins[8];
  const char *why;
  sip_alloc_init(&alloc, NULL, NULL);
  sip_buffer_init(&out, &alloc, 0);
  web_door door = {.paths = paths, .origins = origins};
  door.path_count = read_list(L, 2, paths);
  door.origin_count = read_list(L, 3, origins);
  sip_str given = check_str(L, 1);
  char *copy = malloc(given.len ? given.len : 1);
  if (!copy) return luaL_error(L, "no memory");
  memcpy(copy, given.ptr, given.len);
  lua_pushinteger(L, web_upgrade_answer(sip_str_make(copy, given.len), &door, &out, &why));
  lua_pushlstring(L, out.ptr, out.len);
  lua_pushstring(L, why);
  free(copy);
  sip_buffer_deinit(&out);
  return 3;
}

/* is_granted(head, key): boolean, why */
static int upgrade_is_granted(lua_State *L) {
  const char *why;
  const unsigned char *key = (const unsigned char *)luaL_checkstring(L, 2);
  web_wish wish = {.protocol = {"sip", 3}};
  lua_pushboolean(L, web_upgrade_is_granted(check_str(L, 1), &wish, key, &why));
  lua_pushstring(L, why);
  return 2;
}

static int head_len(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)web_head_len(check_str(L, 1)));
  return 1;
}

static int is_utf8(lua_State *L) {
  lua_pushboolean(L, web_is_utf8(check_str(L, 1)));
  return 1;
}

int luaopen_web_face(lua_State *L);
int luaopen_web_face(lua_State *L) {
  static const luaL_Reg functions[] = {{"reader", reader_new},
                                       {"write", frame_write},
                                       {"answer", upgrade_answer},
                                       {"is_granted", upgrade_is_granted},
                                       {"head_len", head_len},
                                       {"is_utf8", is_utf8},
                                       {NULL, NULL}};
  static const luaL_Reg methods[] = {{"feed", reader_feed}, {"live", reader_live}, {NULL, NULL}};
  luaL_newmetatable(L, READER_CLASS);
  lua_pushcfunction(L, reader_gc);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  return 1;
}
