/* SPDX-License-Identifier: MIT
 *
 * core.sdp: session descriptions as objects. Fields have the names of RFC 8866;
 * what is set on one changes its lines and leaves every other byte as it was.
 */
#include "binding/sdp.h"

#include "base/error.h"
#include "binding/engine.h"

/* User values: the text, the tables, and the array of media once it was asked for. */
enum { TEXT_VALUE = 1, TABLES_VALUE, MEDIA_VALUE, VALUES = MEDIA_VALUE };

typedef struct object {
  sdp_session *session;
} object;

enum { ORIGIN = 1, MEDIA, TEXT };

static const bind_field fields[] = {{"origin", ORIGIN},
                                    {"media", MEDIA},
                                    {"text", TEXT},
                                    {"name", BIND_SECTION_NAME},
                                    {"information", BIND_SECTION_INFORMATION},
                                    {"uri", BIND_SECTION_URI},
                                    {"address", BIND_SECTION_ADDRESS},
                                    {"direction", BIND_SECTION_DIRECTION},
                                    {"bandwidth", BIND_SECTION_BANDWIDTH},
                                    {"attributes", BIND_SECTION_ATTRIBUTES},
                                    {NULL, 0}};

const sdp_session *bind_check_sdp(lua_State *L, int index) {
  return ((const object *)luaL_checkudata(L, index, BIND_SDP_CLASS))->session;
}

const sdp_session *bind_opt_sdp(lua_State *L, int index) {
  return lua_isnoneornil(L, index) ? NULL : bind_check_sdp(L, index);
}

/* --- Parsing --------------------------------------------------------------------- */

/* Pushes the tables of the text, which is a Lua string that stays. */
static sdp_session *parse(lua_State *L, sip_str text) {
  sdp_room room = sdp_room_for(text, &sdp_limits_default);
  sdp_session *session = sdp_session_init(lua_newuserdatauv(L, sdp_session_size(room), 0), room);
  sdp_session_parse(session, text, &sdp_limits_default);
  return session;
}

static int fail(lua_State *L, const sdp_session *session) {
  const char *reason =
      lua_pushfstring(L, "%s: line %d, byte %I", sip_error_text(session->error),
                      (int)session->error_line, (LUAI_UACINT)session->error_at + 1);
  bind_fail(L, session->error, reason);
  lua_pushinteger(L, (lua_Integer)session->error_line);
  lua_setfield(L, -2, "line");
  lua_pushinteger(L, (lua_Integer)session->error_at + 1);
  lua_setfield(L, -2, "at");
  return 2;
}

int bind_push_sdp(lua_State *L, sip_str text) {
  object *self = lua_newuserdatauv(L, sizeof *self, VALUES);
  size_t len;
  bind_push_str(L, text);
  const char *kept = lua_tolstring(L, -1, &len);
  self->session = parse(L, sip_str_make(kept, len));
  if (self->session->error) return fail(L, self->session);
  lua_setiuservalue(L, -3, TABLES_VALUE);
  lua_setiuservalue(L, -2, TEXT_VALUE);
  luaL_setmetatable(L, BIND_SDP_CLASS);
  return 1;
}

/* The text on top of the stack, which it pops, becomes the object's. */
static void replace_text(lua_State *L, int index, const char *field) {
  size_t len;
  const char *kept = lua_tolstring(L, -1, &len);
  sdp_session *session = parse(L, sip_str_make(kept, len));
  if (session->error) bind_bad_value(L, field, sip_error_text(session->error));
  ((object *)lua_touserdata(L, index))->session = session;
  lua_setiuservalue(L, index, TABLES_VALUE);
  lua_setiuservalue(L, index, TEXT_VALUE);
}

sip_buffer *bind_sdp_edit_start(lua_State *L) {
  return bind_new_buffer(L);
}

void bind_sdp_edit_finish(lua_State *L, int session, int error, const char *field) {
  const sip_buffer *out = lua_touserdata(L, -1);
  if (error) bind_bad_value(L, field, sip_error_text(error));
  bind_push_str(L, sip_buffer_str(out));
  replace_text(L, session, field);
  lua_pop(L, 1);
}

/* --- Fields ----------------------------------------------------------------------- */

static void set_part(lua_State *L, const char *key, sip_str value) {
  bind_push_str(L, value);
  lua_setfield(L, -2, key);
}

static void push_origin(lua_State *L, const sdp_session *session) {
  sdp_origin origin;
  sdp_session_origin(session, &origin);
  lua_createtable(L, 0, 6);
  set_part(L, "username", origin.username);
  set_part(L, "session_id", origin.session_id);
  set_part(L, "session_version", origin.session_version);
  set_part(L, "nettype", origin.nettype);
  set_part(L, "addrtype", origin.addrtype);
  set_part(L, "address", origin.address);
}

/* The same array each time, of the same objects. */
static void push_media(lua_State *L, const sdp_session *session) {
  if (lua_getiuservalue(L, 1, MEDIA_VALUE) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_createtable(L, session->media_count, 0);
  for (size_t i = 0; i < session->media_count; i++) {
    bind_push_sdp_media(L, 1, i);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, 1, MEDIA_VALUE);
}

static int sdp_index(lua_State *L) {
  const sdp_session *session = bind_check_sdp(L, 1);
  int id = bind_member(L);
  switch (id) {
  case 0:
    break;
  case ORIGIN:
    push_origin(L, session);
    break;
  case MEDIA:
    push_media(L, session);
    break;
  case TEXT:
    bind_push_str(L, sdp_session_text(session));
    break;
  default:
    bind_push_section_field(L, bind_check_section(L, 1), id);
  }
  return 1;
}

static int sdp_newindex(lua_State *L) {
  bind_check_sdp(L, 1);
  int id = bind_writable(L);
  if (id < BIND_SECTION_NAME) {
    return bind_raise(L, "no field '%s' that can be set", lua_tostring(L, 2));
  }
  bind_set_section_field(L, bind_check_section(L, 1), id);
  return 0;
}

static int sdp_tostring(lua_State *L) {
  bind_push_str(L, sdp_session_text(bind_check_sdp(L, 1)));
  return 1;
}

/* Text, as of `description .. "a=x\r\n"`. */
static int sdp_concat(lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  luaL_tolstring(L, 2, NULL);
  lua_concat(L, 2);
  return 1;
}

/* A description of its own: edits of one leave the other alone. */
static int sdp_copy(lua_State *L) {
  return bind_push_sdp(L, sdp_session_text(bind_check_sdp(L, 1)));
}

/* core.sdp(text) -> description | nil, err */
static int new_sdp(lua_State *L) {
  return bind_push_sdp(L, bind_check_str(L, 1));
}

/* core.sdp_origin(text) -> first, last: where the value of o= stands in a description that is
 * well-formed | nil, err */
static int sdp_origin_of(lua_State *L) {
  sip_str text = bind_check_str(L, 1);
  const sdp_session *session = parse(L, text);
  if (session->error) return fail(L, session);
  const sdp_line *line = session->lines;
  while (line->type != 'o') line++; /* it has one (RFC 8866 5.2) */
  lua_pushinteger(L, (lua_Integer)line->value_at + 1);
  lua_pushinteger(L, (lua_Integer)line->value_at + line->value_len);
  return 2;
}

void bind_sdp_open(lua_State *L) {
  static const luaL_Reg meta[] = {
      {"__tostring", sdp_tostring}, {"__concat", sdp_concat}, {NULL, NULL}};
  bind_class_new(L, &(bind_class){.name = BIND_SDP_CLASS,
                                  .meta = meta,
                                  .methods = bind_section_methods,
                                  .fields = fields,
                                  .index = sdp_index,
                                  .newindex = sdp_newindex});
  luaL_getmetatable(L, BIND_SDP_CLASS);
  lua_getfield(L, -1, "members");
  lua_pushcfunction(L, sdp_copy);
  lua_setfield(L, -2, "copy");
  lua_pop(L, 2);
  bind_sdp_media_open(L);
  bind_attributes_open(L);
  lua_pushcfunction(L, new_sdp);
  lua_setfield(L, -2, "sdp");
  lua_pushcfunction(L, sdp_origin_of);
  lua_setfield(L, -2, "sdp_origin");
  bind_sdp_offer_open(L);
  bind_sdp_stream_open(L);
}
