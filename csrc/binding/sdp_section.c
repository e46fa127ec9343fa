/* SPDX-License-Identifier: MIT
 *
 * What the session level and a medium have in common: lines, attributes, address,
 * direction.
 */
#include "base/error.h"
#include "binding/sdp.h"
#include "sdp/bandwidth.h"
#include "sdp/edit.h"

const sdp_session *bind_section_session(lua_State *L, bind_sdp_section section) {
  return bind_check_sdp(L, section.session);
}

/* --- Lines -------------------------------------------------------------------------- */

static char check_letter(lua_State *L, int index) {
  sip_str letter = bind_check_str(L, index);
  luaL_argcheck(L, letter.len == 1, index, "one letter expected");
  return letter.ptr[0];
}

/* section:line(letter) -> value of the first line, or nil */
static int section_line(lua_State *L) {
  char letter = check_letter(L, 2);
  bind_sdp_section at = bind_check_section(L, 1);
  const sdp_session *session = bind_section_session(L, at);
  sdp_section lines = sdp_section_of(session, at.media);
  const sdp_line *line = sdp_section_next(&lines, letter);
  if (!line) return 0;
  bind_push_str(L, sdp_line_value(session, line));
  return 1;
}

/* section:lines(letter) -> array of values */
static int section_lines(lua_State *L) {
  char letter = check_letter(L, 2);
  bind_sdp_section at = bind_check_section(L, 1);
  const sdp_session *session = bind_section_session(L, at);
  sdp_section lines = sdp_section_of(session, at.media);
  const sdp_line *line;
  lua_newtable(L);
  for (lua_Integer i = 1; (line = sdp_section_next(&lines, letter)); i++) {
    bind_push_str(L, sdp_line_value(session, line));
    lua_rawseti(L, -2, i);
  }
  return 1;
}

/* The value at an index; nil removes. */
static sip_str check_value_or_nil(lua_State *L, int index, const char *field) {
  return lua_isnoneornil(L, index) ? (sip_str){0} : bind_check_value(L, index, field);
}

static void set_line(lua_State *L, bind_sdp_section at, char letter, const char *field) {
  sip_str value = check_value_or_nil(L, 3, field);
  sip_buffer *out = bind_sdp_edit_start(L);
  int error = sdp_edit_line(bind_section_session(L, at), at.media, letter, value, out);
  bind_sdp_edit_finish(L, at.session, error, field);
}

/* section:set_line(letter, value | nil) */
static int section_set_line(lua_State *L) {
  char letter = check_letter(L, 2);
  lua_settop(L, 3);
  set_line(L, bind_check_section(L, 1), letter, lua_tostring(L, 2));
  return 0;
}

/* --- Attributes ------------------------------------------------------------------------- */

/* section:attribute_values(name) -> array of strings; true where there is no value */
static int section_attribute_values(lua_State *L) {
  sip_str name = bind_check_str(L, 2);
  bind_sdp_section at = bind_check_section(L, 1);
  const sdp_session *session = bind_section_session(L, at);
  sdp_section lines = sdp_section_of(session, at.media);
  sdp_attribute found;
  lua_newtable(L);
  for (lua_Integer i = 1; sdp_section_next_attribute(session, &lines, name, &found); i++) {
    if (found.has_value) {
      bind_push_str(L, found.value);
    } else {
      lua_pushboolean(L, true);
    }
    lua_rawseti(L, -2, i);
  }
  return 1;
}

/* section:add_attribute(name [, value]): one more of that name */
static int section_add_attribute(lua_State *L) {
  lua_settop(L, 3);
  sip_str name = bind_check_value(L, 2, "name");
  sip_str value = check_value_or_nil(L, 3, lua_tostring(L, 2));
  bind_sdp_section at = bind_check_section(L, 1);
  sip_buffer *out = bind_sdp_edit_start(L);
  int error = sdp_edit_add_attribute(bind_section_session(L, at), at.media, name, value, out);
  bind_sdp_edit_finish(L, at.session, error, lua_tostring(L, 2));
  return 0;
}

const luaL_Reg bind_section_methods[] = {{"line", section_line},
                                         {"lines", section_lines},
                                         {"set_line", section_set_line},
                                         {"attribute_values", section_attribute_values},
                                         {"add_attribute", section_add_attribute},
                                         {NULL, NULL}};

/* --- Fields ---------------------------------------------------------------------------------- */

static char letter_of(int field) {
  switch (field) {
  case BIND_SECTION_NAME:
    return 's';
  case BIND_SECTION_INFORMATION:
    return 'i';
  case BIND_SECTION_URI:
    return 'u';
  default:
    return '\0';
  }
}

static void push_line(lua_State *L, const sdp_session *session, const sdp_media *media,
                      char letter) {
  sdp_section lines = sdp_section_of(session, media);
  const sdp_line *line = sdp_section_next(&lines, letter);
  if (line) {
    bind_push_str(L, sdp_line_value(session, line));
  } else {
    lua_pushnil(L);
  }
}

/* Of a medium the address that holds for it, be it the session's. */
static void push_address(lua_State *L, const sdp_session *session, const sdp_media *media) {
  sdp_section lines = sdp_section_of(session, media);
  const sdp_line *line = sdp_section_next(&lines, 'c');
  if (!line && media && media->connection != SDP_NO_LINE) line = &session->lines[media->connection];
  sdp_fields value = sdp_fields_of(line ? sdp_line_value(session, line) : (sip_str){0});
  sdp_connection connection;
  if (line && sdp_connection_parse(&value, &connection) == 0) {
    bind_push_str(L, connection.address);
  } else {
    lua_pushnil(L);
  }
}

/* By kind: { AS = 64 } */
static void push_bandwidth(lua_State *L, const sdp_session *session, const sdp_media *media) {
  sdp_section lines = sdp_section_of(session, media);
  const sdp_line *line;
  lua_newtable(L);
  while ((line = sdp_section_next(&lines, 'b'))) {
    sdp_fields value = sdp_fields_of(sdp_line_value(session, line));
    sdp_bandwidth bandwidth;
    if (sdp_bandwidth_parse(&value, &bandwidth)) continue;
    bind_push_str(L, bandwidth.type);
    lua_pushinteger(L, (lua_Integer)bandwidth.value);
    lua_rawset(L, -3);
  }
}

void bind_push_section_field(lua_State *L, bind_sdp_section section, int field) {
  const sdp_session *session = bind_section_session(L, section);
  const sdp_media *media = section.media;
  switch (field) {
  case BIND_SECTION_ADDRESS:
    push_address(L, session, media);
    break;
  case BIND_SECTION_DIRECTION:
    bind_push_str(L, sdp_direction_name(media ? media->direction : session->direction));
    break;
  case BIND_SECTION_BANDWIDTH:
    push_bandwidth(L, session, media);
    break;
  case BIND_SECTION_ATTRIBUTES:
    bind_push_attributes(L, 1);
    break;
  default:
    push_line(L, session, media, letter_of(field));
  }
}

static sdp_direction check_direction(lua_State *L) {
  int direction = sdp_direction_parse(bind_check_value(L, 3, "direction"));
  if (direction < 0) {
    bind_bad_value(L, "direction", "sendrecv, sendonly, recvonly or inactive expected");
  }
  return (sdp_direction)direction;
}

void bind_set_section_field(lua_State *L, bind_sdp_section section, int field) {
  const sdp_session *session = bind_section_session(L, section);
  const char *name = lua_tostring(L, 2);
  sip_buffer *out;
  if (field == BIND_SECTION_DIRECTION) {
    sdp_direction direction = check_direction(L);
    out = bind_sdp_edit_start(L);
    int error = sdp_edit_direction(session, section.media, direction, out);
    bind_sdp_edit_finish(L, section.session, error, name);
  } else if (field == BIND_SECTION_ADDRESS) {
    sip_str address = bind_check_value(L, 3, name);
    out = bind_sdp_edit_start(L);
    int error = sdp_edit_address(session, section.media, address, out);
    bind_sdp_edit_finish(L, section.session, error, name);
  } else if (letter_of(field)) {
    set_line(L, section, letter_of(field), name);
  } else {
    bind_raise(L, "no field '%s' that can be set", name);
  }
}
