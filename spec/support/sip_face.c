/* SPDX-License-Identifier: MIT
 *
 * For specs: the parser with limits of the test's choice, over copies whose block
 * ends where the text ends, so that a sanitizer sees one byte too many; and what
 * writes, into blocks of any size.
 */
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sip/date.h"
#include "sip/edit.h"
#include "sip/framer.h"
#include "sip/multipart.h"
#include "sip/status.h"
#include "sip/value.h"

typedef struct limit_name {
  const char *name;
  size_t offset, size;
} limit_name;

#define LIMIT(field) \
  { #field, offsetof(sip_limits, field), sizeof((sip_limits *)0)->field }
static const limit_name limit_names[] = {LIMIT(message_size),    LIMIT(header_count),
                                         LIMIT(header_size),     LIMIT(uri_params),
                                         LIMIT(multipart_depth), LIMIT(multipart_parts)};

/* The default limits with those of the table at the index. */
static sip_limits check_limits(lua_State *L, int index) {
  sip_limits limits = sip_limits_default;
  if (lua_isnoneornil(L, index)) return limits;
  for (size_t i = 0; i < sizeof limit_names / sizeof *limit_names; i++) {
    const limit_name *limit = &limit_names[i];
    if (lua_getfield(L, index, limit->name) != LUA_TNIL) {
      uint32_t value = (uint32_t)luaL_checkinteger(L, -1);
      uint16_t half = (uint16_t)value;
      const void *from = limit->size == sizeof half ? (void *)&half : (void *)&value;
      memcpy((char *)&limits + limit->offset, from, limit->size);
    }
    lua_pop(L, 1);
  }
  return limits;
}

/* A block of exactly that size; of an empty text one byte that is never read. */
static char *exact_copy(lua_State *L, sip_str text) {
  char *copy = malloc(text.len ? text.len : 1);
  if (!copy) luaL_error(L, "out of memory");
  if (text.len) memcpy(copy, text.ptr, text.len);
  return copy;
}

static sip_str check_str(lua_State *L, int index) {
  size_t len;
  const char *ptr = luaL_checklstring(L, index, &len);
  return sip_str_make(ptr, len);
}

static void push_str(lua_State *L, sip_str text) {
  lua_pushlstring(L, text.ptr ? text.ptr : "", text.len);
}

static void set_number(lua_State *L, const char *key, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, key);
}

static void set_span(lua_State *L, const char *key, const sip_message *m, sip_span span) {
  if (span.len == 0) return;
  push_str(L, sip_message_span(m, span));
  lua_setfield(L, -2, key);
}

static void push_message(lua_State *L, const sip_message *m) {
  lua_newtable(L);
  if (m->error) {
    lua_pushstring(L, sip_error_name(m->error));
    lua_setfield(L, -2, "error");
    set_number(L, "at", (lua_Integer)m->error_at + 1);
    sip_str reason = {0};
    int status = sip_message_error_status(m, &reason);
    if (status) {
      set_number(L, "answer", status);
      push_str(L, reason);
      lua_setfield(L, -2, "reason");
    }
  }
  lua_pushboolean(L, sip_message_answerable(m));
  lua_setfield(L, -2, "answerable");
  set_number(L, "headers", m->header_count);
  set_number(L, "len", m->len);
  set_number(L, "body_len", m->body_len);
  set_number(L, "status", m->status);
  set_number(L, "cseq", m->cseq);
  set_number(L, "max_forwards", m->max_forwards);
  set_number(L, "copy_size", (lua_Integer)sip_message_copy_size(m));
  set_span(L, "method", m, m->method_text);
  set_span(L, "branch", m, m->branch);
  set_span(L, "sent_by", m, m->sent_by);
  set_span(L, "call_id", m, m->call_id);
  set_span(L, "from_tag", m, m->from_tag);
  set_span(L, "to_tag", m, m->to_tag);
}

/* parse(text, limits or nil) -> table of what a transaction needs, and `error` */
static int parse(lua_State *L) {
  sip_str text = check_str(L, 1);
  sip_limits limits = check_limits(L, 2);
  sip_alloc alloc;
  sip_alloc_init(&alloc, NULL, NULL);
  sip_message *m = sip_message_new(&alloc, &limits);
  char *copy = exact_copy(L, text);
  sip_message_parse(m, sip_str_make(copy, text.len), &limits);
  push_message(L, m);
  if (m->error == 0) {
    size_t header;
    int error = sip_value_check_message(m, &header);
    lua_pushstring(L, error ? sip_error_name(error) : "sound");
    lua_setfield(L, -2, "check");
  }
  sip_message_free(&alloc, m);
  free(copy);
  if (alloc.live_blocks) return luaL_error(L, "%d blocks leaked", (int)alloc.live_blocks);
  return 1;
}

/* value(header name, text) -> nil or the name of the error */
static int value(lua_State *L) {
  sip_str text = check_str(L, 2);
  char *copy = exact_copy(L, text);
  sip_value parsed;
  int error =
      sip_value_parse(sip_header_find(check_str(L, 1)), sip_str_make(copy, text.len), &parsed);
  free(copy);
  if (!error) return 0;
  lua_pushstring(L, sip_error_name(error));
  return 1;
}

static const char *const frame_names[] = {"more", "message", "ping", "pong", "error"};

/* frames(list of chunks, limits or nil) -> list of { kind, len, error, bytes } */
static int frames(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  sip_limits limits = check_limits(L, 2);
  sip_framer framer;
  sip_framer_init(&framer);
  char *held = exact_copy(L, (sip_str){0});
  size_t len = 0, count = 0;
  bool lost = false;
  lua_newtable(L);
  for (lua_Integer i = 1; i <= luaL_len(L, 1) && !lost; i++) {
    lua_geti(L, 1, i);
    sip_str chunk = check_str(L, -1);
    char *more = malloc(len + chunk.len + 1);
    memcpy(more, held, len);
    memcpy(more + len, chunk.ptr, chunk.len);
    free(held);
    held = exact_copy(L, sip_str_make(more, len += chunk.len));
    free(more);
    lua_pop(L, 1);
    for (;;) {
      sip_frame frame = sip_framer_next(&framer, sip_str_make(held, len), &limits);
      if (frame.kind == SIP_FRAME_MORE) break;
      lua_newtable(L);
      lua_pushstring(L, frame_names[frame.kind]);
      lua_setfield(L, -2, "kind");
      set_number(L, "len", (lua_Integer)frame.len);
      lua_pushlstring(L, held, frame.len);
      lua_setfield(L, -2, "bytes");
      if (frame.error) {
        lua_pushstring(L, sip_error_name(frame.error));
        lua_setfield(L, -2, "error");
      }
      lua_seti(L, -2, (lua_Integer)++count);
      lost = frame.kind == SIP_FRAME_ERROR;
      if (lost) break;
      char *rest = exact_copy(L, sip_str_make(held + frame.len, len - frame.len));
      free(held);
      held = rest;
      len -= frame.len;
    }
  }
  free(held);
  return 1;
}

/* --- What writes ------------------------------------------------------------- */

typedef struct writer {
  const char *name;
  int (*write)(lua_State *L, sip_str text, sip_buffer *out);
} writer;

static int write_quoted(lua_State *L, sip_str text, sip_buffer *out) {
  (void)L;
  return sip_quote(text, out);
}

static int write_unquoted(lua_State *L, sip_str text, sip_buffer *out) {
  (void)L;
  sip_unquote(text, out);
  return 0;
}

static int write_unfolded(lua_State *L, sip_str text, sip_buffer *out) {
  (void)L;
  sip_unfold(text, out);
  return 0;
}

static int write_escaped(lua_State *L, sip_str text, sip_buffer *out) {
  (void)L;
  sip_escape(text, SIP_CHAR_USER, out);
  return 0;
}

static int write_unescaped(lua_State *L, sip_str text, sip_buffer *out) {
  (void)L;
  return sip_unescape(text, out);
}

static int write_request_uri(lua_State *L, sip_str text, sip_buffer *out) {
  sip_uri uri;
  if (sip_uri_parse(text, &uri, NULL)) return luaL_error(L, "no URI");
  sip_uri_write_request(&uri, out);
  return 0;
}

static int write_ip(lua_State *L, sip_str text, sip_buffer *out) {
  sip_sockaddr address;
  if (!sip_sockaddr_parse(text, 5060, &address)) return luaL_error(L, "no address");
  sip_sockaddr_write(&address, out);
  return 0;
}

static int write_date(lua_State *L, sip_str text, sip_buffer *out) {
  int64_t seconds;
  if (sip_date_parse(text, &seconds)) return luaL_error(L, "no date");
  sip_date_write(seconds, out);
  return 0;
}

static int write_multipart(lua_State *L, sip_str text, sip_buffer *out) {
  (void)L;
  sip_part part = {.headers = SIP_STR("Content-Type: text/plain\r\n"), .body = text};
  return sip_multipart_write(&part, 1, SIP_STR("edge"), out);
}

static const writer writers[] = {
    {"quote", write_quoted},   {"unquote", write_unquoted},   {"unfold", write_unfolded},
    {"escape", write_escaped}, {"unescape", write_unescaped}, {"request_uri", write_request_uri},
    {"address", write_ip},     {"date", write_date},          {"multipart", write_multipart}};

/* A buffer in a block of exactly `size` bytes that cannot grow. */
static sip_buffer exact_buffer(lua_State *L, size_t size) {
  char *block = malloc(size ? size : 1);
  if (!block) luaL_error(L, "out of memory");
  sip_buffer out = {.ptr = block, .size = size, .max = size ? size : 1};
  out.failed = size == 0; /* max 0 would be no limit */
  return out;
}

static int push_written(lua_State *L, sip_buffer *out, int error) {
  if (error || out->failed) {
    lua_pushnil(L);
    lua_pushstring(L, error ? sip_error_name(error) : "FULL");
  } else {
    push_str(L, sip_buffer_str(out));
    lua_pushnil(L);
  }
  free(out->ptr);
  return 2;
}

/* write(what, text, size) -> what was written, or nil, "FULL" or an error's name */
static int write(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  sip_str text = check_str(L, 2);
  for (size_t i = 0; i < sizeof writers / sizeof *writers; i++) {
    if (strcmp(writers[i].name, name) != 0) continue;
    char *copy = exact_copy(L, text);
    sip_buffer out = exact_buffer(L, (size_t)luaL_checkinteger(L, 3));
    int error = writers[i].write(L, sip_str_make(copy, text.len), &out);
    free(copy);
    return push_written(L, &out, error);
  }
  return luaL_argerror(L, 1, "no such writer");
}

static int edit(lua_State *L, const sip_message *m, sip_buffer *out) {
  static const char *const names[] = {"uri",    "method", "status", "header",     "add", "first",
                                      "remove", "at",     "body",   "typed_body", NULL};
  sip_str a = check_str(L, 3), b = lua_isnoneornil(L, 4) ? (sip_str){0} : check_str(L, 4);
  switch (luaL_checkoption(L, 2, NULL, names)) {
  case 0:
    return sip_edit_request_uri(m, a, out);
  case 1:
    return sip_edit_method(m, a, out);
  case 2:
    return sip_edit_status(m, (int)luaL_checkinteger(L, 3), b, out);
  case 3:
    return sip_edit_header(m, a, &b, 1, out);
  case 4:
    return sip_edit_add_header(m, a, b, false, out);
  case 5:
    return sip_edit_add_header(m, a, b, true, out);
  case 6:
    return sip_edit_header(m, a, NULL, 0, out);
  case 7:
    return sip_edit_header_at(m, (size_t)luaL_checkinteger(L, 3), b, out);
  case 8:
    return sip_edit_body(m, (sip_str){0}, a, out);
  default:
    return sip_edit_body(m, a, b, out);
  }
}

/* edit(message text, what, a, b, size) -> new text, or nil and an error's name */
static int edit_message(lua_State *L) {
  sip_str text = check_str(L, 1);
  sip_alloc alloc;
  sip_alloc_init(&alloc, NULL, NULL);
  sip_message *m = sip_message_new(&alloc, &sip_limits_default);
  char *copy = exact_copy(L, text);
  sip_message_parse(m, sip_str_make(copy, text.len), &sip_limits_default);
  sip_buffer out = exact_buffer(L, (size_t)luaL_checkinteger(L, 5));
  int error = edit(L, m, &out);
  sip_message_free(&alloc, m);
  free(copy);
  return push_written(L, &out, error);
}

/* header_names() -> list of { name, compact letter or nil, kind } */
static int header_names(lua_State *L) {
  static const char *const kinds[] = {"one", "list", "lines"};
  lua_newtable(L);
  for (int id = 1; id < SIP_HEADER_COUNT; id++) {
    lua_newtable(L);
    push_str(L, sip_header_name((sip_header_id)id));
    lua_seti(L, -2, 1);
    char compact = sip_header_compact((sip_header_id)id);
    if (compact) {
      lua_pushlstring(L, &compact, 1);
      lua_seti(L, -2, 2);
    }
    lua_pushstring(L, kinds[sip_header_kind_of((sip_header_id)id)]);
    lua_seti(L, -2, 3);
    lua_seti(L, -2, id);
  }
  return 1;
}

/* find_header(name) -> number of the header, 0 for none */
static int find_header(lua_State *L) {
  sip_str name = check_str(L, 1);
  char *copy = exact_copy(L, name);
  lua_pushinteger(L, sip_header_find(sip_str_make(copy, name.len)));
  free(copy);
  return 1;
}

static int reason(lua_State *L) {
  push_str(L, sip_status_reason((int)luaL_checkinteger(L, 1)));
  return 1;
}

static int method(lua_State *L) {
  lua_pushinteger(L, sip_method_parse(check_str(L, 1)));
  push_str(L, sip_method_name(sip_method_parse(check_str(L, 1))));
  return 2;
}

int luaopen_sip_face(lua_State *L);

int luaopen_sip_face(lua_State *L) {
  static const luaL_Reg functions[] = {{"parse", parse},
                                       {"value", value},
                                       {"frames", frames},
                                       {"write", write},
                                       {"edit", edit_message},
                                       {"header_names", header_names},
                                       {"find_header", find_header},
                                       {"reason", reason},
                                       {"method", method},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
