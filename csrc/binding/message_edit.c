/* SPDX-License-Identifier: MIT
 *
 * Changes to a message object: the new bytes are written into a block of their
 * own and parsed there, so every byte that was not meant stays as it was.
 */
#include "binding/message.h"

#include "base/error.h"
#include "sip/edit.h"
#include "sip/status.h"

enum { BLOCK_VALUE = 1, LINE_ROOM = 8, NUMBER_ROOM = 24 };

/* The longest header name that is written for a given one: compact to long. */
enum { NAME_ROOM = 32 };

typedef struct draft {
  sip_message *message; /* at the front of the block */
  sip_buffer out;       /* the rest of it */
} draft;

/* Pushes a block with room for the message's bytes and headers and for more. */
static draft start(lua_State *L, const sip_message *old, size_t bytes, size_t headers) {
  size_t room = old->header_count + headers;
  if (room > UINT16_MAX) bind_raise(L, "too many header fields");
  size_t head = sizeof(sip_message) + room * sizeof(sip_header);
  size_t size = old->len + bytes;
  char *block = lua_newuserdatauv(L, head + size, 0);
  draft d = {.message = (sip_message *)(void *)block};
  *d.message = sip_message_blank;
  d.message->header_room = (uint16_t)room;
  d.out = (sip_buffer){.ptr = block + head, .size = size, .max = size};
  return d;
}

static int fail(lua_State *L, int error, const char *field) {
  const char *why = error == SIP_E_STATE ? "not in a message of this kind" : sip_error_text(error);
  return bind_bad_value(L, field, why);
}

/* Parses what the edit wrote; the block on top of the stack becomes the object's. */
static void finish(lua_State *L, int index, draft *d, int error, const char *field) {
  if (error) fail(L, error, field);
  sip_limits limits = sip_limits_default;
  limits.header_count = d->message->header_room;
  error = sip_message_parse(d->message, sip_buffer_str(&d->out), &limits);
  if (error) fail(L, error, field);
  bind_message_at(L, index)->message = d->message;
  lua_setiuservalue(L, index, BLOCK_VALUE);
}

static const sip_message *message_at(lua_State *L, int index) {
  return bind_message_at(L, index)->message;
}

void bind_message_set_uri(lua_State *L, int index, sip_str uri) {
  const sip_message *m = message_at(L, index);
  draft d = start(L, m, uri.len, 0);
  int error = sip_edit_request_uri(m, uri, &d.out);
  finish(L, index, &d, error, "uri");
}

void bind_message_set_method(lua_State *L, int index, sip_str method) {
  const sip_message *m = message_at(L, index);
  draft d = start(L, m, 2 * method.len, 0);
  int error = sip_edit_method(m, method, &d.out);
  finish(L, index, &d, error, "method");
}

void bind_message_set_status(lua_State *L, int index, int status, sip_str reason) {
  const sip_message *m = message_at(L, index);
  draft d = start(L, m, reason.len + NUMBER_ROOM, 0);
  int error = sip_edit_status(m, status, reason, &d.out);
  finish(L, index, &d, error, "code");
}

void bind_message_edit_header(lua_State *L, int index, const bind_header_edit *edit) {
  const sip_message *m = message_at(L, index);
  size_t bytes = 0, name_len = edit->name.len > NAME_ROOM ? edit->name.len : NAME_ROOM;
  for (size_t i = 0; i < edit->count; i++) bytes += edit->values[i].len + name_len + LINE_ROOM;
  draft d = start(L, m, bytes, edit->count);
  int error = sip_edit_header(m, edit->name, edit->values, edit->count, &d.out);
  const char *field = lua_pushlstring(L, edit->name.ptr, edit->name.len);
  lua_insert(L, -2); /* under the block */
  finish(L, index, &d, error, field);
  lua_pop(L, 1);
}

void bind_message_set_header(lua_State *L, int index, sip_str name, sip_str value) {
  bind_message_edit_header(L, index,
                           &(bind_header_edit){.name = name, .values = &value, .count = 1});
}

void bind_message_set_body(lua_State *L, int index, sip_str body) {
  const sip_message *m = message_at(L, index);
  draft d = start(L, m, body.len + NAME_ROOM + NUMBER_ROOM, 1);
  int error = sip_edit_body(m, (sip_str){0}, body, &d.out);
  finish(L, index, &d, error, "body");
}
