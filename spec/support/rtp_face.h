/* SPDX-License-Identifier: MIT
 *
 * What the faces of csrc/rtp share: fields of Lua tables, and packets made of them.
 */
#ifndef MOONSIP_RTP_FACE_H
#define MOONSIP_RTP_FACE_H

#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "rtp/packet.h"
#include "rtp/rtcp.h"

static inline lua_Integer field(lua_State *L, int index, const char *name, lua_Integer otherwise) {
  lua_Integer value = otherwise;
  int type = lua_getfield(L, index, name);
  if (type == LUA_TBOOLEAN) value = lua_toboolean(L, -1);
  if (type == LUA_TNUMBER) value = lua_tointeger(L, -1);
  lua_pop(L, 1);
  return value;
}

/* The string in that field stays on the stack, so that it lives. */
static inline const uint8_t *bytes_field(lua_State *L, int index, const char *name, size_t *len) {
  index = lua_absindex(L, index);
  *len = 0;
  if (lua_getfield(L, index, name) != LUA_TSTRING) return NULL;
  return (const uint8_t *)lua_tolstring(L, -1, len);
}

static inline void set_number(lua_State *L, const char *name, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

static inline void set_flag(lua_State *L, const char *name, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

static inline void set_bytes(lua_State *L, const char *name, const void *bytes, size_t len) {
  lua_pushlstring(L, len ? bytes : "", len);
  lua_setfield(L, -2, name);
}

/* A userdata whose block ends where the bytes end: a sanitizer sees one too many. */
static inline const uint8_t *exact_copy(lua_State *L, int index, size_t *len) {
  const char *text = luaL_checklstring(L, index, len);
  uint8_t *copy = malloc(*len ? *len : 1);
  if (!copy) luaL_error(L, "out of memory");
  if (*len) memcpy(copy, text, *len);
  return copy;
}

static inline void free_copy(const uint8_t *copy) {
  free((void *)(uintptr_t)copy);
}

/* The packet that a table describes; its strings stay on the stack. */
static inline rtp_packet packet_of(lua_State *L, int index) {
  luaL_checktype(L, index, LUA_TTABLE);
  rtp_packet packet = {.payload_type = (uint8_t)field(L, index, "payload_type", 0),
                       .marker = field(L, index, "marker", 0),
                       .sequence = (uint16_t)field(L, index, "sequence", 0),
                       .timestamp = (uint32_t)field(L, index, "timestamp", 0),
                       .ssrc = (uint32_t)field(L, index, "ssrc", 1),
                       .extension_profile = (uint16_t)field(L, index, "profile", 0)};
  size_t len;
  packet.payload = bytes_field(L, index, "payload", &len);
  packet.payload_len = (uint32_t)len;
  packet.csrcs = bytes_field(L, index, "csrcs", &len);
  packet.csrc_count = (uint8_t)(len / 4);
  packet.extension = bytes_field(L, index, "extension", &len);
  packet.extension_len = (uint32_t)len;
  packet.has_extension = packet.extension != NULL;
  return packet;
}

static inline void push_packet(lua_State *L, const rtp_packet *packet) {
  lua_newtable(L);
  set_number(L, "payload_type", packet->payload_type);
  set_flag(L, "marker", packet->marker);
  set_number(L, "sequence", packet->sequence);
  set_number(L, "timestamp", packet->timestamp);
  set_number(L, "ssrc", packet->ssrc);
  if (packet->payload) set_bytes(L, "payload", packet->payload, packet->payload_len);
  if (packet->csrc_count) set_bytes(L, "csrcs", packet->csrcs, (size_t)packet->csrc_count * 4);
  if (packet->has_extension) {
    set_number(L, "profile", packet->extension_profile);
    set_bytes(L, "extension", packet->extension, packet->extension_len);
  }
}

static inline void push_block(lua_State *L, const rtcp_report_block *block) {
  lua_newtable(L);
  set_number(L, "ssrc", block->ssrc);
  set_number(L, "fraction_lost", block->fraction_lost);
  set_number(L, "lost", block->lost);
  set_number(L, "highest", block->highest);
  set_number(L, "jitter", block->jitter);
  set_number(L, "last_sr", block->last_sr);
  set_number(L, "delay", block->delay);
}

static inline rtcp_report_block block_of(lua_State *L, int index) {
  return (rtcp_report_block){.ssrc = (uint32_t)field(L, index, "ssrc", 0),
                             .fraction_lost = (uint8_t)field(L, index, "fraction_lost", 0),
                             .lost = (int32_t)field(L, index, "lost", 0),
                             .highest = (uint32_t)field(L, index, "highest", 0),
                             .jitter = (uint32_t)field(L, index, "jitter", 0),
                             .last_sr = (uint32_t)field(L, index, "last_sr", 0),
                             .delay = (uint32_t)field(L, index, "delay", 0)};
}

static inline void push_info(lua_State *L, const rtcp_sender_info *info) {
  lua_newtable(L);
  set_number(L, "ntp", (lua_Integer)info->ntp);
  set_number(L, "timestamp", info->timestamp);
  set_number(L, "packets", info->packets);
  set_number(L, "octets", info->octets);
}

static inline rtcp_sender_info info_of(lua_State *L, int index) {
  return (rtcp_sender_info){.ntp = (uint64_t)field(L, index, "ntp", 0),
                            .timestamp = (uint32_t)field(L, index, "timestamp", 0),
                            .packets = (uint32_t)field(L, index, "packets", 0),
                            .octets = (uint32_t)field(L, index, "octets", 0)};
}

static inline void *new_object(lua_State *L, size_t size, const char *class) {
  void *object = lua_newuserdatauv(L, size, 0);
  luaL_setmetatable(L, class);
  return object;
}

static inline void new_class(lua_State *L, const char *name, const luaL_Reg *methods) {
  luaL_newmetatable(L, name);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

#endif
