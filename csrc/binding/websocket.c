/* SPDX-License-Identifier: MIT
 *
 * core.websocket: one end of a WebSocket (RFC 6455) over bytes that somebody else carries;
 * core.base64 and core.unbase64.
 */
#include "base/error.h"
#include "binding/engine.h"
#include "net/random.h"
#include "web/base64.h"
#include "web/reader.h"
#include "web/upgrade.h"
#include "web/utf8.h"

#define WEBSOCKET_CLASS "moonsip.websocket"

typedef struct websocket {
  sip_alloc alloc;
  web_reader reader;
  sip_buffer in; /* what has come and is not read */
  bool is_server;
  bool is_open;
  bool is_optional;
  unsigned char key[WEB_KEY_SIZE];
} websocket; /* its options are user value 1 */

static websocket *check(lua_State *L) {
  return luaL_checkudata(L, 1, WEBSOCKET_CLASS);
}

static int websocket_gc(lua_State *L) {
  websocket *self = check(L);
  web_reader_deinit(&self->reader);
  sip_buffer_deinit(&self->in);
  return 0;
}

/* The text of a field of the options; empty for nil. */
static sip_str text_of(lua_State *L, int index, const char *name) {
  sip_str text = {NULL, 0};
  if (lua_getfield(L, index, name) != LUA_TNIL) text = bind_check_str(L, -1);
  lua_pop(L, 1);
  return text;
}

static web_wish wish_of(lua_State *L, const websocket *self) {
  lua_getiuservalue(L, 1, 1);
  int at = lua_gettop(L);
  return (web_wish){.host = text_of(L, at, "host"),
                    .path = text_of(L, at, "path"),
                    .protocol = text_of(L, at, "protocol"),
                    .is_optional = self->is_optional};
}

/* core.websocket{ host, path, protocol, is_optional, headers, max, is_server }: max is that of
 * the bytes of a message. */
static int websocket_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  websocket *self = lua_newuserdatauv(L, sizeof *self, 1);
  *self = (websocket){0};
  sip_alloc_init(&self->alloc, NULL, NULL);
  lua_getfield(L, 1, "is_server");
  self->is_server = lua_toboolean(L, -1);
  lua_getfield(L, 1, "is_optional");
  self->is_optional = lua_toboolean(L, -1);
  lua_getfield(L, 1, "max");
  lua_Integer max = luaL_checkinteger(L, -1);
  luaL_argcheck(L, max > 0 && max <= INT32_MAX, 1, "max");
  lua_pop(L, 3);
  web_reader_init(&self->reader, &self->alloc, (size_t)max, self->is_server);
  sip_buffer_init(&self->in, &self->alloc, 0);
  net_random(NULL, self->key, sizeof self->key);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  luaL_setmetatable(L, WEBSOCKET_CLASS);
  return 1;
}

static int push_buffer(lua_State *L, const sip_buffer *buffer) {
  if (buffer->failed) return luaL_error(L, "out of memory");
  bind_push_str(L, sip_buffer_str(buffer));
  return 1;
}

/* ask() -> the bytes of a client's handshake, or nil, err for a header that is none */
static int websocket_ask(lua_State *L) {
  websocket *self = check(L);
  web_wish wish = wish_of(L, self);
  lua_getfield(L, -1, "headers");
  sip_buffer *fields = bind_new_buffer(L), *out = bind_new_buffer(L);
  int error = bind_add_lines(L, lua_gettop(L) - 2, fields);
  if (error) return bind_fail(L, error, NULL);
  wish.fields = sip_buffer_str(fields);
  web_upgrade_ask(&wish, self->key, out);
  return push_buffer(L, out);
}

/* accept(protocol) -> the bytes that let a client in, whose head is `text` */
static int websocket_accept(lua_State *L) {
  websocket *self = check(L);
  web_head head;
  sip_str text = bind_check_str(L, 2);
  sip_str protocol = lua_isnoneornil(L, 3) ? sip_str_make(NULL, 0) : bind_check_str(L, 3);
  sip_buffer *out = bind_new_buffer(L);
  if (web_head_read(text, true, &head) != 0 || !web_upgrade_grant(&head, protocol, out)) {
    return bind_fail(L, SIP_E_WEBSOCKET, "no request for a WebSocket");
  }
  self->is_open = true;
  return push_buffer(L, out);
}

/* feed(bytes) */
static int websocket_feed(lua_State *L) {
  websocket *self = check(L);
  sip_buffer_add(&self->in, bind_check_str(L, 2));
  if (self->in.failed) return luaL_error(L, "out of memory");
  return 0;
}

/* --- What has come ---------------------------------------------------------------------- */

static int push_broken(lua_State *L, const char *why, lua_Integer code) {
  lua_pushliteral(L, "broken");
  lua_pushstring(L, why);
  lua_pushinteger(L, code);
  return 3;
}

/* The head of the handshake: "open", or of a server "asked" and the head. */
static int next_of_head(lua_State *L, websocket *self) {
  const char *why;
  size_t len = web_head_len(sip_buffer_str(&self->in));
  if (len == 0 && self->in.len < WEB_HEAD_MAX) return 0;
  if (len == 0) return push_broken(L, "a handshake that does not end", 0);
  sip_str head = sip_str_make(self->in.ptr, len);
  if (self->is_server) {
    lua_pushliteral(L, "asked");
    bind_push_str(L, head);
    sip_buffer_consume(&self->in, len);
    return 2;
  }
  web_wish wish = wish_of(L, self);
  if (!web_upgrade_is_granted(head, &wish, self->key, &why)) {
    web_head read;
    bool is_head = web_head_read(head, false, &read) == 0;
    return push_broken(L, why, is_head && read.status != WEB_SWITCHING ? read.status : 0);
  }
  self->is_open = true;
  sip_buffer_consume(&self->in, len);
  lua_pushliteral(L, "open");
  return 1;
}

static const char *why_of(uint16_t code) {
  if (code == WEB_CLOSE_TOO_BIG) return "a message that is too large";
  if (code == WEB_CLOSE_NOT_UTF8) return "a text that is no UTF-8";
  return "a frame that is none (RFC 6455 5)";
}

static int push_event(lua_State *L, const websocket *self, const web_event *event) {
  switch (event->kind) {
  case WEB_EVENT_MESSAGE:
    lua_pushstring(L, self->reader.is_text ? "text" : "binary");
    break;
  case WEB_EVENT_PING:
    lua_pushliteral(L, "ping");
    break;
  case WEB_EVENT_PONG:
    lua_pushliteral(L, "pong");
    break;
  case WEB_EVENT_CLOSE:
    lua_pushliteral(L, "close");
    lua_pushinteger(L, event->code);
    return 2;
  case WEB_EVENT_BROKEN:
    return push_broken(L, why_of(event->code), event->code);
  case WEB_EVENT_MEMORY:
    return luaL_error(L, "out of memory");
  case WEB_EVENT_MORE:
    return 0;
  }
  bind_push_str(L, event->data);
  return 2;
}

/* next() -> "open" | "asked", head | "text", "binary", "ping", "pong", bytes | "close", code
 * | "broken", why, code to close with, or the status of a server that refuses; nothing when
 * more is needed */
static int websocket_next(lua_State *L) {
  websocket *self = check(L);
  if (!self->is_open) return next_of_head(L, self);
  if (self->in.len == 0) return 0;
  sip_str bytes = sip_buffer_str(&self->in);
  size_t before = bytes.len;
  web_event event = web_reader_next(&self->reader, &bytes);
  int count = push_event(L, self, &event);
  sip_buffer_consume(&self->in, before - bytes.len);
  return count;
}

/* --- What leaves ------------------------------------------------------------------------- */

/* frame(kind, bytes): one message, or a control frame of at most 125 bytes */
static int websocket_frame(lua_State *L) {
  static const char *const names[] = {"text", "binary", "close", "ping", "pong", NULL};
  static const web_opcode opcodes[] = {WEB_TEXT, WEB_BINARY, WEB_CLOSE, WEB_PING, WEB_PONG};
  const websocket *self = check(L);
  web_opcode opcode = opcodes[luaL_checkoption(L, 2, NULL, names)];
  sip_str data = bind_check_str(L, 3);
  luaL_argcheck(L, !web_is_control(opcode) || data.len <= WEB_CONTROL_MAX, 3, "too long");
  luaL_argcheck(L, opcode != WEB_TEXT || web_is_utf8(data), 3, "no UTF-8");
  web_frame frame = {
      .opcode = opcode, .is_final = true, .is_masked = !self->is_server, .len = data.len};
  if (frame.is_masked) net_random(NULL, frame.mask, sizeof frame.mask);
  unsigned char head[WEB_FRAME_HEAD_MAX];
  size_t size = web_frame_write(&frame, head);
  luaL_Buffer out;
  char *at = luaL_buffinitsize(L, &out, size + data.len);
  memcpy(at, head, size);
  if (data.len) memcpy(at + size, data.ptr, data.len);
  if (frame.is_masked) web_mask(at + size, data.len, frame.mask, 0);
  luaL_pushresultsize(&out, size + data.len);
  return 1;
}

/* core.base64(bytes) */
static int base64(lua_State *L) {
  sip_buffer *out = bind_new_buffer(L);
  web_base64_write(bind_check_str(L, 1), out);
  return push_buffer(L, out);
}

/* core.unbase64(text) -> bytes, or nothing when it is none */
static int unbase64(lua_State *L) {
  sip_buffer *out = bind_new_buffer(L);
  if (!web_base64_read(bind_check_str(L, 1), out)) return 0;
  return push_buffer(L, out);
}

void bind_websocket_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"ask", websocket_ask},     {"accept", websocket_accept},
                                     {"feed", websocket_feed},   {"next", websocket_next},
                                     {"frame", websocket_frame}, {NULL, NULL}};
  luaL_newmetatable(L, WEBSOCKET_CLASS);
  lua_pushcfunction(L, websocket_gc);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, websocket_new);
  lua_setfield(L, -2, "websocket");
  lua_pushcfunction(L, base64);
  lua_setfield(L, -2, "base64");
  lua_pushcfunction(L, unbase64);
  lua_setfield(L, -2, "unbase64");
}
