/* SPDX-License-Identifier: MIT
 *
 * For specs: the formats of csrc/rtp as Lua functions. What is parsed are copies whose
 * block ends where the bytes end; what is written goes into blocks of the size asked for.
 */
#include "rtp_face.h"

#include "rtp/comfort_noise.h"
#include "rtp/demux.h"
#include "rtp/rtcp_report.h"
#include "rtp/telephone_event.h"
#include "rtp/time.h"

/* A block of the room that the argument says, and what was written there as a string or
 * nil. */
static uint8_t *new_room(lua_State *L, int index, size_t *room) {
  *room = (size_t)luaL_optinteger(L, index, 2048);
  uint8_t *out = malloc(*room ? *room : 1);
  if (!out) luaL_error(L, "out of memory");
  return out;
}

static int push_written(lua_State *L, uint8_t *out, size_t len) {
  if (len > 0) {
    lua_pushlstring(L, (const char *)out, len);
  } else {
    lua_pushnil(L);
  }
  free(out);
  return 1;
}

/* packet(bytes) -> table or nil */
static int packet(lua_State *L) {
  size_t len;
  const uint8_t *bytes = exact_copy(L, 1, &len);
  rtp_packet parsed;
  bool sound = rtp_packet_parse(bytes, len, &parsed);
  if (sound) push_packet(L, &parsed);
  free_copy(bytes);
  return sound;
}

/* write_packet(table, room or nil) -> bytes or nil, length of the header */
static int write_packet(lua_State *L) {
  size_t room;
  lua_settop(L, 2);
  rtp_packet given = packet_of(L, 1);
  given.csrc_count = (uint8_t)field(L, 1, "csrc_count", given.csrc_count);
  given.extension_len = (uint32_t)field(L, 1, "extension_len", given.extension_len);
  uint8_t *out = new_room(L, 2, &room);
  push_written(L, out, rtp_packet_write(&given, out, room));
  lua_pushinteger(L, (lua_Integer)rtp_packet_header_len(&given));
  return 2;
}

/* write_in_place(table) -> bytes: its payload stood where it goes already */
static int write_in_place(lua_State *L) {
  rtp_packet given = packet_of(L, 1);
  size_t head = rtp_packet_header_len(&given), len = head + given.payload_len;
  uint8_t *out = malloc(len);
  if (!out) return luaL_error(L, "out of memory");
  memcpy(out + head, given.payload, given.payload_len);
  given.payload = out + head;
  return push_written(L, out, rtp_packet_write(&given, out, len));
}

static int demux(lua_State *L) {
  static const char *const names[] = {"none", "stun", "zrtp", "dtls", "turn", "rtp", "rtcp"};
  size_t len;
  const uint8_t *bytes = exact_copy(L, 1, &len);
  lua_pushstring(L, names[rtp_demux(bytes, len)]);
  free_copy(bytes);
  return 1;
}

/* --- RTCP ------------------------------------------------------------------------ */

static void push_rtcp_packet(lua_State *L, const rtcp_packet *p, uint32_t ssrc) {
  rtcp_sender_info info;
  rtcp_report_block block;
  sip_str text;
  lua_newtable(L);
  set_number(L, "type", p->type);
  set_number(L, "count", p->count);
  set_number(L, "len", (lua_Integer)p->len);
  set_number(L, "sender", rtcp_packet_sender(p));
  if (rtcp_packet_sender_info(p, &info)) {
    push_info(L, &info);
    lua_setfield(L, -2, "info");
  }
  if (rtcp_packet_report_on(p, ssrc, &block)) {
    push_block(L, &block);
    lua_setfield(L, -2, "block");
  }
  if (rtcp_packet_cname(p, ssrc, &text)) set_bytes(L, "cname", text.ptr, text.len);
  if (rtcp_packet_leaves(p, ssrc, &text)) {
    set_flag(L, "leaves", true);
    set_bytes(L, "reason", text.ptr, text.len);
  }
}

/* rtcp(bytes, ssrc, reduced_size) -> list of packets, with what they say of that SSRC,
 * or nil */
static int rtcp(lua_State *L) {
  size_t len;
  const uint8_t *bytes = exact_copy(L, 1, &len);
  uint32_t ssrc = (uint32_t)luaL_optinteger(L, 2, 0);
  rtcp_compound compound;
  rtcp_packet p;
  bool sound = rtcp_compound_parse(bytes, len, lua_toboolean(L, 3), &compound);
  if (sound) {
    lua_newtable(L);
    for (lua_Integer i = 1; rtcp_compound_next(&compound, &p); i++) {
      push_rtcp_packet(L, &p, ssrc);
      lua_seti(L, -2, i);
    }
  }
  free_copy(bytes);
  return sound;
}

/* write_rtcp({ ssrc, sender, blocks, cname, bye, reason }, room or nil) -> bytes or nil */
static int write_rtcp(lua_State *L) {
  lua_settop(L, 2);
  rtcp_report_block blocks[RTCP_BLOCKS_MAX + 1];
  rtcp_sender_info info;
  rtcp_report report = {.ssrc = (uint32_t)field(L, 1, "ssrc", 0), .blocks = blocks};
  report.bye = field(L, 1, "bye", 0);
  if (lua_getfield(L, 1, "sender") == LUA_TTABLE) {
    info = info_of(L, -1);
    report.sender = &info;
  }
  if (lua_getfield(L, 1, "blocks") == LUA_TTABLE) {
    report.block_count = (size_t)luaL_len(L, -1);
    luaL_argcheck(L, report.block_count <= RTCP_BLOCKS_MAX + 1, 1, "too many blocks");
    for (size_t i = 0; i < report.block_count; i++) {
      lua_geti(L, -1, (lua_Integer)i + 1);
      blocks[i] = block_of(L, -1);
      lua_pop(L, 1);
    }
  }
  report.cname.ptr = (const char *)bytes_field(L, 1, "cname", &report.cname.len);
  report.reason.ptr = (const char *)bytes_field(L, 1, "reason", &report.reason.len);
  size_t room;
  uint8_t *out = new_room(L, 2, &room);
  return push_written(L, out, rtcp_report_write(&report, out, room));
}

/* --- Events and noise --------------------------------------------------------------- */

/* event(bytes) -> table or nil */
static int event(lua_State *L) {
  size_t len;
  const uint8_t *bytes = exact_copy(L, 1, &len);
  rtp_event parsed;
  bool sound = rtp_event_parse(bytes, len, &parsed);
  if (sound) {
    lua_newtable(L);
    set_number(L, "code", parsed.code);
    set_flag(L, "stop", parsed.end);
    set_number(L, "volume", parsed.volume);
    set_number(L, "duration", parsed.duration);
  }
  free_copy(bytes);
  return sound;
}

static int write_event(lua_State *L) {
  uint8_t out[RTP_EVENT_SIZE];
  rtp_event given = {.code = (uint8_t)field(L, 1, "code", 0),
                     .end = field(L, 1, "stop", 0),
                     .volume = (uint8_t)field(L, 1, "volume", 0),
                     .duration = (uint16_t)field(L, 1, "duration", 0)};
  rtp_event_write(&given, out);
  lua_pushlstring(L, (const char *)out, sizeof out);
  return 1;
}

/* event_name(code) -> name, digit or nil */
static int event_name(lua_State *L) {
  uint8_t code = (uint8_t)luaL_checkinteger(L, 1);
  sip_str name = rtp_event_name(code);
  char digit = rtp_event_digit(code);
  lua_pushlstring(L, name.ptr ? name.ptr : "", name.len);
  if (!digit) return 1;
  lua_pushlstring(L, &digit, 1);
  return 2;
}

static int event_of_digit(lua_State *L) {
  lua_pushinteger(L, rtp_event_of_digit(*luaL_checkstring(L, 1)));
  return 1;
}

/* event_set(text) -> sound, list of codes */
static int event_set(lua_State *L) {
  size_t len;
  const uint8_t *bytes = exact_copy(L, 1, &len);
  rtp_event_set set;
  lua_pushboolean(L, rtp_event_set_parse(sip_str_make((const char *)bytes, len), &set));
  free_copy(bytes);
  lua_newtable(L);
  lua_Integer count = 0;
  for (int code = 0; code <= UINT8_MAX; code++) {
    if (!rtp_event_set_has(&set, (uint8_t)code)) continue;
    lua_pushinteger(L, code);
    lua_seti(L, -2, ++count);
  }
  return 2;
}

/* noise(bytes) -> { level, coefficient... } or nil */
static int noise(lua_State *L) {
  size_t len;
  const uint8_t *bytes = exact_copy(L, 1, &len);
  rtp_noise parsed;
  bool sound = rtp_noise_parse(bytes, len, &parsed);
  free_copy(bytes);
  if (!sound) return 0;
  lua_newtable(L);
  lua_pushinteger(L, parsed.level);
  lua_seti(L, -2, 1);
  for (int i = 0; i < parsed.order; i++) {
    lua_pushinteger(L, parsed.coefficients[i]);
    lua_seti(L, -2, i + 2);
  }
  return 1;
}

/* write_noise(level, { coefficients }) -> bytes */
static int write_noise(lua_State *L) {
  rtp_noise given = {.level = (uint8_t)luaL_checkinteger(L, 1), .order = (uint8_t)luaL_len(L, 2)};
  for (int i = 0; i < given.order && i < RTP_NOISE_ORDER_MAX; i++) {
    lua_geti(L, 2, i + 1);
    given.coefficients[i] = (int16_t)lua_tointeger(L, -1);
    lua_pop(L, 1);
  }
  uint8_t out[RTP_NOISE_SIZE_MAX];
  lua_pushlstring(L, (const char *)out, rtp_noise_write(&given, out));
  return 1;
}

/* --- Time ---------------------------------------------------------------------------- */

static int ticks(lua_State *L) {
  lua_pushinteger(L, rtp_ticks(luaL_checkinteger(L, 1), (uint32_t)luaL_checkinteger(L, 2)));
  return 1;
}

static int span(lua_State *L) {
  lua_pushinteger(L, rtp_span(luaL_checkinteger(L, 1), (uint32_t)luaL_checkinteger(L, 2)));
  return 1;
}

static int since(lua_State *L) {
  lua_pushinteger(L, rtp_time_since(luaL_checkinteger(L, 1), luaL_checkinteger(L, 2)));
  return 1;
}

static int after(lua_State *L) {
  lua_pushinteger(L, rtp_time_after(luaL_checkinteger(L, 1), luaL_checkinteger(L, 2)));
  return 1;
}

static int ntp(lua_State *L) {
  uint64_t time = rtp_ntp_from_unix(luaL_checkinteger(L, 1));
  lua_pushinteger(L, (lua_Integer)time);
  lua_pushinteger(L, rtp_ntp_middle(time));
  return 2;
}

int luaopen_rtp_face(lua_State *L);

int luaopen_rtp_face(lua_State *L) {
  static const luaL_Reg functions[] = {{"packet", packet},
                                       {"write_packet", write_packet},
                                       {"write_in_place", write_in_place},
                                       {"demux", demux},
                                       {"rtcp", rtcp},
                                       {"write_rtcp", write_rtcp},
                                       {"event", event},
                                       {"write_event", write_event},
                                       {"event_name", event_name},
                                       {"event_of_digit", event_of_digit},
                                       {"event_set", event_set},
                                       {"noise", noise},
                                       {"write_noise", write_noise},
                                       {"ticks", ticks},
                                       {"span", span},
                                       {"since", since},
                                       {"after", after},
                                       {"ntp", ntp},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
