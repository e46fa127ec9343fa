/* SPDX-License-Identifier: MIT
 *
 * Fields are read without metamethods, so that each string stays in its table for
 * as long as the slice of it is used.
 */
#include "binding/sdp_local.h"

/* Pushes the raw field of the table at the index; its type. */
static int get(lua_State *L, int index, const char *name) {
  index = lua_absindex(L, index);
  lua_pushstring(L, name);
  return lua_rawget(L, index);
}

static sip_str get_text(lua_State *L, int index, const char *name) {
  size_t len = 0;
  int type = get(L, index, name);
  if (type != LUA_TSTRING && type != LUA_TNIL) bind_bad_value(L, name, "string expected");
  const char *ptr = lua_tolstring(L, -1, &len);
  lua_pop(L, 1);
  return sip_str_make(ptr, len);
}

static uint64_t get_number(lua_State *L, int index, const char *name, uint64_t otherwise,
                           uint64_t max) {
  int is_integer = 1;
  bool absent = get(L, index, name) == LUA_TNIL;
  lua_Integer number = absent ? (lua_Integer)otherwise : lua_tointegerx(L, -1, &is_integer);
  bool fits = is_integer && number >= 0 && (absent || (uint64_t)number <= max);
  if (!fits) bind_bad_value(L, name, "integer out of range");
  lua_pop(L, 1);
  return (uint64_t)number;
}

bool bind_get_flag(lua_State *L, int index, const char *name) {
  get(L, index, name);
  bool flag = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return flag;
}

/* Pushes the array of tables; its length. */
static size_t get_array(lua_State *L, int index, const char *name, size_t max) {
  if (get(L, index, name) != LUA_TTABLE) bind_bad_value(L, name, "table expected");
  size_t count = lua_rawlen(L, -1);
  if (count > max) bind_bad_value(L, name, "too many");
  return count;
}

/* Pushes the n-th table (from 0) of the array on top of the stack. */
static int push_entry(lua_State *L, size_t n, const char *name) {
  if (lua_rawgeti(L, -1, (lua_Integer)n + 1) != LUA_TTABLE) {
    bind_bad_value(L, name, "array of tables expected");
  }
  return lua_gettop(L);
}

static void check_codec(lua_State *L, int index, sdp_codec *codec) {
  *codec = (sdp_codec){.name = get_text(L, index, "name"),
                       .rate = (uint32_t)get_number(L, index, "rate", 0, UINT32_MAX),
                       .channels = (uint16_t)get_number(L, index, "channels", 1, UINT16_MAX),
                       .payload_type = (uint8_t)get_number(L, index, "payload_type", SDP_NO_PAYLOAD,
                                                           SDP_PAYLOAD_TYPES - 1),
                       .fmtp = get_text(L, index, "fmtp")};
}

/* Leaves the memory of the codecs on the stack. */
static void check_codecs(lua_State *L, int index, sdp_local_media *media) {
  size_t count = get_array(L, index, "codecs", SDP_CODECS_MAX);
  sdp_codec *codecs = lua_newuserdatauv(L, (count + 1) * sizeof *codecs, 0);
  lua_insert(L, -2);
  for (size_t i = 0; i < count; i++) {
    check_codec(L, push_entry(L, i, "codecs"), &codecs[i]);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  media->codecs = codecs;
  media->codec_count = count;
}

static sdp_direction get_direction(lua_State *L, int index) {
  sip_str name = get_text(L, index, "direction");
  int direction = name.ptr ? sdp_direction_parse(name) : SDP_SENDRECV;
  if (direction < 0) {
    bind_bad_value(L, "direction", "sendrecv, sendonly, recvonly or inactive expected");
  }
  return (sdp_direction)direction;
}

static void check_media(lua_State *L, int index, sdp_local_media *media) {
  sip_str type = get_text(L, index, "type"), proto = get_text(L, index, "proto");
  *media =
      (sdp_local_media){.type = type.ptr ? type : SIP_STR("audio"),
                        .proto = proto.ptr ? proto : SIP_STR("RTP/AVP"),
                        .address = get_text(L, index, "address"),
                        .port = (uint16_t)get_number(L, index, "port", 0, UINT16_MAX),
                        .rtcp_port = (uint16_t)get_number(L, index, "rtcp_port", 0, UINT16_MAX),
                        .rtcp_mux = bind_get_flag(L, index, "rtcp_mux"),
                        .direction = get_direction(L, index),
                        .ptime = (uint16_t)get_number(L, index, "ptime", 0, UINT16_MAX),
                        .maxptime = (uint16_t)get_number(L, index, "maxptime", 0, UINT16_MAX)};
  check_codecs(L, index, media);
}

void bind_check_local(lua_State *L, int index, sdp_local *out) {
  index = lua_absindex(L, index);
  luaL_checktype(L, index, LUA_TTABLE);
  *out = (sdp_local){.username = get_text(L, index, "username"),
                     .id = get_number(L, index, "id", 0, INT64_MAX),
                     .version = get_number(L, index, "version", 1, INT64_MAX),
                     .address = get_text(L, index, "address")};
  size_t count = get_array(L, index, "media", sdp_limits_default.media);
  sdp_local_media *media = lua_newuserdatauv(L, (count + 1) * sizeof *media, 0);
  lua_insert(L, -2);
  int array = lua_gettop(L);
  luaL_checkstack(L, (int)count + LUA_MINSTACK, "too many media");
  for (size_t i = 0; i < count; i++) {
    lua_pushvalue(L, array);
    int entry = push_entry(L, i, "media");
    check_media(L, entry, &media[i]); /* leaves its codecs */
    lua_remove(L, entry);
    lua_remove(L, entry - 1);
  }
  out->media = media;
  out->media_count = count;
}
