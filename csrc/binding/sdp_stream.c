/* SPDX-License-Identifier: MIT
 *
 * core.sdp_stream, and core.sdp_exchange with its names.
 */
#include "sdp/stream.h"

#include "binding/sdp.h"
#include "sdp/exchange.h"

static void set_number(lua_State *L, const char *key, lua_Integer number, bool there) {
  if (!there) return;
  lua_pushinteger(L, number);
  lua_setfield(L, -2, key);
}

static void set_text(lua_State *L, const char *key, sip_str text) {
  if (text.len == 0) return;
  bind_push_str(L, text);
  lua_setfield(L, -2, key);
}

static void set_flag(lua_State *L, const char *key, bool flag) {
  lua_pushboolean(L, flag);
  lua_setfield(L, -2, key);
}

/* As bind_push_codec, with `receive`, our payload type, and `own_fmtp`, our parameters. */
static void push_stream_codec(lua_State *L, const sdp_stream_codec *codec) {
  bind_push_codec(L, &codec->codec);
  set_number(L, "receive", codec->receive, codec->receive != SDP_NO_PAYLOAD);
  set_text(L, "own_fmtp", codec->fmtp);
}

static void set_codec(lua_State *L, const char *key, const sdp_stream_codec *codec) {
  if (!codec) return;
  push_stream_codec(L, codec);
  lua_setfield(L, -2, key);
}

static void set_codecs(lua_State *L, const sdp_stream *stream) {
  lua_createtable(L, (int)stream->codec_count, 0);
  for (size_t i = 0; i < stream->codec_count; i++) {
    push_stream_codec(L, &stream->codecs[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "codecs");
}

/* { port, address }: where RTCP goes */
static void set_rtcp(lua_State *L, const sdp_stream *stream) {
  bool own = stream->rtcp.has_connection && !stream->rtcp_mux;
  lua_createtable(L, 0, 2);
  set_number(L, "port", stream->rtcp_mux ? stream->port : stream->rtcp.port, true);
  set_text(L, "address", own ? stream->rtcp.connection.address : stream->to.address);
  lua_setfield(L, -2, "rtcp");
}

/* core.sdp_stream(ours, theirs, number) -> stream | nil: see sdp/stream.h. `codec` is
 * the one to send with, `events` and `comfort_noise` what goes with it. */
static int new_stream(lua_State *L) {
  const sdp_session *ours = bind_check_sdp(L, 1), *theirs = bind_check_sdp(L, 2);
  lua_Integer number = luaL_checkinteger(L, 3);
  sdp_stream stream;
  if (number < 1 || !sdp_stream_init(&stream, ours, theirs, (size_t)number - 1)) return 0;
  lua_createtable(L, 0, 14);
  set_flag(L, "active", stream.active);
  bind_push_str(L, sdp_direction_name(stream.direction));
  lua_setfield(L, -2, "direction");
  set_flag(L, "held", stream.held);
  set_flag(L, "rtcp_mux", stream.rtcp_mux);
  set_codecs(L, &stream);
  if (!stream.active) return 1;
  set_flag(L, "sends", (stream.direction & SDP_SENDONLY) && !stream.to.unspecified);
  set_flag(L, "receives", stream.direction & SDP_RECVONLY);
  set_text(L, "address", stream.to.address);
  set_number(L, "port", stream.port, true);
  set_rtcp(L, &stream);
  set_number(L, "ptime", stream.ptime, stream.ptime > 0);
  set_number(L, "maxptime", stream.maxptime, stream.maxptime > 0);
  set_codec(L, "codec", sdp_stream_main(&stream));
  set_codec(L, "events", sdp_stream_auxiliary(&stream, SIP_STR("telephone-event")));
  set_codec(L, "comfort_noise", sdp_stream_auxiliary(&stream, SIP_STR("CN")));
  return 1;
}

/* --- The table of RFC 6337 -------------------------------------------------------------- */

static int find(lua_State *L, int index, const char *(*name_of)(int)) {
  const char *wanted = luaL_checkstring(L, index);
  for (int i = 0; name_of(i); i++) {
    if (strcmp(name_of(i), wanted) == 0) return i;
  }
  return luaL_argerror(L, index, "unknown name");
}

/* core.sdp_exchange(state, event) -> next state, verdict: see sdp/exchange.h */
static int exchange(lua_State *L) {
  int state = find(L, 1, sdp_exchange_state_name), event = find(L, 2, sdp_exchange_event_name);
  sdp_exchange_arrow arrow =
      sdp_exchange_step((sdp_exchange_state)state, (sdp_exchange_event)event);
  lua_pushstring(L, sdp_exchange_state_name(arrow.next));
  lua_pushstring(L, sdp_verdict_name(arrow.verdict));
  return 2;
}

static void push_names(lua_State *L, const char *(*name_of)(int)) {
  lua_newtable(L);
  for (int i = 0; name_of(i); i++) {
    lua_pushstring(L, name_of(i));
    lua_rawseti(L, -2, i + 1);
  }
}

/* core.sdp_exchange_names() -> states, events, verdicts */
static int exchange_names(lua_State *L) {
  push_names(L, sdp_exchange_state_name);
  push_names(L, sdp_exchange_event_name);
  push_names(L, sdp_verdict_name);
  return 3;
}

void bind_sdp_stream_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"sdp_stream", new_stream},
                                       {"sdp_exchange", exchange},
                                       {"sdp_exchange_names", exchange_names},
                                       {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
}
