/* SPDX-License-Identifier: MIT
 *
 * description.media[i]: one m= line and what belongs to it.
 */
#include "base/error.h"
#include "binding/sdp.h"
#include "sdp/edit.h"

enum { SESSION_VALUE = 1 };

typedef struct medium {
  size_t index;
} medium;

enum {
  TYPE = 1,
  PORT,
  PORT_COUNT,
  PROTO,
  FORMATS,
  CODECS,
  PTIME,
  MAXPTIME,
  RTCP,
  RTCP_MUX,
  ADDRTYPE,
  INDEX,
  SESSION
};

static const bind_field fields[] = {{"type", TYPE},
                                    {"port", PORT},
                                    {"port_count", PORT_COUNT},
                                    {"proto", PROTO},
                                    {"formats", FORMATS},
                                    {"codecs", CODECS},
                                    {"ptime", PTIME},
                                    {"maxptime", MAXPTIME},
                                    {"rtcp", RTCP},
                                    {"rtcp_mux", RTCP_MUX},
                                    {"addrtype", ADDRTYPE},
                                    {"index", INDEX},
                                    {"session", SESSION},
                                    {"information", BIND_SECTION_INFORMATION},
                                    {"address", BIND_SECTION_ADDRESS},
                                    {"direction", BIND_SECTION_DIRECTION},
                                    {"bandwidth", BIND_SECTION_BANDWIDTH},
                                    {"attributes", BIND_SECTION_ATTRIBUTES},
                                    {NULL, 0}};

void bind_push_sdp_media(lua_State *L, int session, size_t index) {
  session = lua_absindex(L, session);
  medium *self = lua_newuserdatauv(L, sizeof *self, 1);
  self->index = index;
  luaL_setmetatable(L, BIND_SDP_MEDIA_CLASS);
  lua_pushvalue(L, session);
  lua_setiuservalue(L, -2, SESSION_VALUE);
}

/* Pushes the description that the medium is of. No edit adds or removes m= lines. */
static bind_sdp_section section_of(lua_State *L, int index, const medium *self) {
  lua_getiuservalue(L, index, SESSION_VALUE);
  const sdp_session *session = bind_check_sdp(L, -1);
  return (bind_sdp_section){.session = lua_gettop(L), .media = &session->media[self->index]};
}

bind_sdp_section bind_check_section(lua_State *L, int index) {
  const medium *self = luaL_testudata(L, index, BIND_SDP_MEDIA_CLASS);
  if (self) return section_of(L, index, self);
  bind_check_sdp(L, index);
  return (bind_sdp_section){.session = lua_absindex(L, index)};
}

/* --- Reading ------------------------------------------------------------------------ */

void bind_push_codec(lua_State *L, const sdp_codec *codec) {
  lua_createtable(L, 0, 5);
  bind_push_str(L, codec->name);
  lua_setfield(L, -2, "name");
  if (codec->payload_type != SDP_NO_PAYLOAD) {
    lua_pushinteger(L, codec->rate);
    lua_setfield(L, -2, "rate");
    lua_pushinteger(L, codec->channels);
    lua_setfield(L, -2, "channels");
    lua_pushinteger(L, codec->payload_type);
    lua_setfield(L, -2, "payload_type");
  }
  if (codec->fmtp.len == 0) return;
  bind_push_str(L, codec->fmtp);
  lua_setfield(L, -2, "fmtp");
}

static void push_formats(lua_State *L, const sdp_session *s, const sdp_media *m) {
  const sdp_format *formats = sdp_media_formats(s, m);
  lua_createtable(L, m->format_count, 0);
  for (size_t i = 0; i < m->format_count; i++) {
    bind_push_str(L, sdp_format_name(s, &formats[i]));
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* Formats that nothing is known of are left out: `formats` has them. */
static void push_codecs(lua_State *L, const sdp_session *s, const sdp_media *m) {
  const sdp_format *formats = sdp_media_formats(s, m);
  lua_Integer count = 0;
  lua_createtable(L, m->format_count, 0);
  for (size_t i = 0; i < m->format_count; i++) {
    sdp_codec codec;
    if (!sdp_format_codec(s, &formats[i], &codec)) continue;
    bind_push_codec(L, &codec);
    lua_rawseti(L, -2, ++count);
  }
}

static void push_ptime(lua_State *L, const sdp_session *s, const sdp_media *m,
                       sdp_attribute_id id) {
  uint16_t ms = sdp_media_ptime(s, m, id);
  if (ms) {
    lua_pushinteger(L, ms);
  } else {
    lua_pushnil(L);
  }
}

/* { port, address }, where it goes without rtcp-mux; nil when nowhere */
static void push_rtcp(lua_State *L, const sdp_session *s, const sdp_media *m) {
  sdp_rtcp rtcp;
  sdp_connection connection;
  if (!sdp_media_rtcp(s, m, &rtcp)) {
    lua_pushnil(L);
    return;
  }
  lua_createtable(L, 0, 2);
  lua_pushinteger(L, rtcp.port);
  lua_setfield(L, -2, "port");
  if (rtcp.has_connection) {
    bind_push_str(L, rtcp.connection.address);
  } else if (sdp_media_connection(s, m, &connection)) {
    bind_push_str(L, connection.address);
  } else {
    lua_pushnil(L);
  }
  lua_setfield(L, -2, "address");
}

static void push_addrtype(lua_State *L, const sdp_session *s, const sdp_media *m) {
  sdp_connection connection;
  if (sdp_media_connection(s, m, &connection)) {
    bind_push_str(L, connection.addrtype);
  } else {
    lua_pushnil(L);
  }
}

static int media_index(lua_State *L) {
  const medium *self = luaL_checkudata(L, 1, BIND_SDP_MEDIA_CLASS);
  int id = bind_member(L);
  if (id == 0) return 1;
  bind_sdp_section at = section_of(L, 1, self);
  const sdp_session *s = bind_section_session(L, at);
  const sdp_media *m = at.media;
  switch (id) {
  case TYPE:
    bind_push_str(L, sdp_media_type(s, m));
    break;
  case PORT:
    lua_pushinteger(L, m->port);
    break;
  case PORT_COUNT:
    lua_pushinteger(L, m->port_count);
    break;
  case PROTO:
    bind_push_str(L, sdp_media_proto(s, m));
    break;
  case FORMATS:
    push_formats(L, s, m);
    break;
  case CODECS:
    push_codecs(L, s, m);
    break;
  case PTIME:
    push_ptime(L, s, m, SDP_ATTRIBUTE_PTIME);
    break;
  case MAXPTIME:
    push_ptime(L, s, m, SDP_ATTRIBUTE_MAXPTIME);
    break;
  case RTCP:
    push_rtcp(L, s, m);
    break;
  case RTCP_MUX:
    lua_pushboolean(L, sdp_media_has_rtcp_mux(s, m));
    break;
  case ADDRTYPE:
    push_addrtype(L, s, m);
    break;
  case INDEX:
    lua_pushinteger(L, (lua_Integer)self->index + 1);
    break;
  case SESSION:
    lua_pushvalue(L, at.session);
    break;
  default:
    bind_push_section_field(L, at, id);
  }
  return 1;
}

/* --- Setting -------------------------------------------------------------------------- */

static void set_port(lua_State *L, bind_sdp_section at) {
  int is_integer;
  lua_Integer port = lua_tointegerx(L, 3, &is_integer);
  bool fits = is_integer && port >= 0 && port <= UINT16_MAX;
  if (!fits) bind_bad_value(L, "port", "an integer from 0 to 65535 expected");
  sip_buffer *out = bind_sdp_edit_start(L);
  int error = sdp_edit_port(bind_section_session(L, at), at.media, (uint16_t)port, out);
  bind_sdp_edit_finish(L, at.session, error, "port");
}

/* The index of a format by its name, or format_count. */
static uint16_t find_format(const sdp_session *s, const sdp_media *m, sip_str name) {
  const sdp_format *formats = sdp_media_formats(s, m);
  uint16_t i = 0;
  while (i < m->format_count && !sip_str_equal(sdp_format_name(s, &formats[i]), name)) i++;
  return i;
}

/* An array of formats that the medium has: the others go, these get this order. */
static void set_formats(lua_State *L, bind_sdp_section at) {
  if (!lua_istable(L, 3)) bind_bad_value(L, "formats", "array of formats expected");
  const sdp_session *s = bind_section_session(L, at);
  lua_Integer count = luaL_len(L, 3);
  if (count < 1 || count > at.media->format_count) {
    bind_bad_value(L, "formats", "one to all of the medium's formats expected");
  }
  uint16_t *order = lua_newuserdatauv(L, (size_t)count * sizeof *order, 0);
  for (lua_Integer i = 0; i < count; i++) {
    lua_geti(L, 3, i + 1);
    order[i] = find_format(s, at.media, bind_check_value(L, -1, "formats"));
    if (order[i] == at.media->format_count) bind_bad_value(L, "formats", "no format of the medium");
    lua_pop(L, 1);
  }
  sip_buffer *out = bind_sdp_edit_start(L);
  int error = sdp_edit_formats(s, at.media, order, (size_t)count, out);
  bind_sdp_edit_finish(L, at.session, error, "formats");
}

/* A number of milliseconds, or nil for none. */
static void set_ptime(lua_State *L, bind_sdp_section at, const char *name) {
  int is_integer = 1;
  lua_Integer ms = lua_isnil(L, 3) ? 0 : lua_tointegerx(L, 3, &is_integer);
  bool fits = is_integer && ms <= UINT16_MAX && (ms > 0 || lua_isnil(L, 3));
  if (!fits) bind_bad_value(L, name, "milliseconds or nil expected");
  sip_str value = lua_isnil(L, 3) ? (sip_str){0} : bind_check_value(L, 3, name);
  sip_buffer *out = bind_sdp_edit_start(L);
  int error = sdp_edit_attribute(bind_section_session(L, at), at.media,
                                 sip_str_make(name, strlen(name)), &value, ms > 0, out);
  bind_sdp_edit_finish(L, at.session, error, name);
}

static void set_rtcp_mux(lua_State *L, bind_sdp_section at) {
  if (!lua_isboolean(L, 3)) bind_bad_value(L, "rtcp_mux", "boolean expected");
  sip_str none = {0};
  sip_buffer *out = bind_sdp_edit_start(L);
  int error = sdp_edit_attribute(bind_section_session(L, at), at.media, SIP_STR("rtcp-mux"), &none,
                                 (size_t)lua_toboolean(L, 3), out);
  bind_sdp_edit_finish(L, at.session, error, "rtcp_mux");
}

static int media_newindex(lua_State *L) {
  const medium *self = luaL_checkudata(L, 1, BIND_SDP_MEDIA_CLASS);
  int id = bind_writable(L);
  const char *name = lua_tostring(L, 2);
  bind_sdp_section at = section_of(L, 1, self);
  switch (id) {
  case PORT:
    set_port(L, at);
    break;
  case FORMATS:
    set_formats(L, at);
    break;
  case PTIME:
  case MAXPTIME:
    set_ptime(L, at, name);
    break;
  case RTCP_MUX:
    set_rtcp_mux(L, at);
    break;
  default:
    if (id < BIND_SECTION_NAME) return bind_raise(L, "no field '%s' that can be set", name);
    bind_set_section_field(L, at, id);
  }
  return 0;
}

void bind_sdp_media_open(lua_State *L) {
  static const luaL_Reg meta[] = {{NULL, NULL}};
  bind_class_new(L, &(bind_class){.name = BIND_SDP_MEDIA_CLASS,
                                  .meta = meta,
                                  .methods = bind_section_methods,
                                  .fields = fields,
                                  .index = media_index,
                                  .newindex = media_newindex});
}
