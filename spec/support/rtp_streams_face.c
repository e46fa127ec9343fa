/* SPDX-License-Identifier: MIT
 *
 * For specs: streams of csrc/rtp as Lua objects, on a clock that is an argument in
 * nanoseconds.
 */
#include "rtp_face.h"

#include "rtp/latch.h"
#include "rtp/rtcp_schedule.h"
#include "rtp/sender.h"
#include "rtp/source.h"

/* --- Sequence and source ------------------------------------------------------------ */

static int sequence_new(lua_State *L) {
  uint16_t probation = (uint16_t)luaL_optinteger(L, 1, RTP_MIN_SEQUENTIAL);
  rtp_sequence_init(new_object(L, sizeof(rtp_sequence), "rtp.sequence"), probation);
  return 1;
}

/* sequence:receive(number) -> verdict */
static int sequence_receive(lua_State *L) {
  static const char *const names[] = {"newer", "older", "probation", "restarted", "stray"};
  rtp_sequence *s = luaL_checkudata(L, 1, "rtp.sequence");
  lua_pushstring(L, names[rtp_sequence_receive(s, (uint16_t)luaL_checkinteger(L, 2))]);
  return 1;
}

/* sequence:get() -> { highest, received, lost, fraction_lost since the last call } */
static int sequence_get(lua_State *L) {
  rtp_sequence *s = luaL_checkudata(L, 1, "rtp.sequence");
  lua_newtable(L);
  set_number(L, "highest", (lua_Integer)s->highest);
  set_number(L, "received", (lua_Integer)s->received);
  set_number(L, "lost", rtp_sequence_lost(s));
  set_number(L, "fraction_lost", rtp_sequence_fraction_lost(s));
  return 1;
}

static rtp_source *check_source(lua_State *L) {
  return luaL_checkudata(L, 1, "rtp.source");
}

/* source(clock_rate, probation or nil) */
static int source_new(lua_State *L) {
  uint32_t rate = (uint32_t)luaL_checkinteger(L, 1);
  uint16_t probation = (uint16_t)luaL_optinteger(L, 2, 1);
  rtp_source_init(new_object(L, sizeof(rtp_source), "rtp.source"), rate, probation);
  return 1;
}

/* source:receive(packet, now) -> verdict */
static int source_receive(lua_State *L) {
  static const char *const names[] = {"valid", "changed", "probation", "stray"};
  rtp_packet packet = packet_of(L, 2);
  rtp_time now = luaL_checkinteger(L, 3);
  lua_pushstring(L, names[rtp_source_receive(check_source(L), &packet, now)]);
  return 1;
}

static int source_set_clock_rate(lua_State *L) {
  rtp_source_set_clock_rate(check_source(L), (uint32_t)luaL_checkinteger(L, 2));
  return 0;
}

static int source_note_sr(lua_State *L) {
  rtcp_sender_info info = info_of(L, 2);
  rtp_source_note_sr(check_source(L), &info, luaL_checkinteger(L, 3));
  return 0;
}

/* source:report(now) -> block or nil */
static int source_report(lua_State *L) {
  rtcp_report_block block;
  if (!rtp_source_report(check_source(L), luaL_checkinteger(L, 2), &block)) return 0;
  push_block(L, &block);
  return 1;
}

static int source_get(lua_State *L) {
  rtp_source *s = check_source(L);
  lua_newtable(L);
  set_number(L, "ssrc", s->ssrc);
  set_number(L, "jitter", rtp_source_jitter(s));
  set_number(L, "octets", (lua_Integer)s->octets);
  set_number(L, "changes", s->changes);
  set_number(L, "strays", s->strays);
  return 1;
}

/* --- Sender ------------------------------------------------------------------------- */

static rtp_sender *check_sender(lua_State *L) {
  return luaL_checkudata(L, 1, "rtp.sender");
}

static int sender_new(lua_State *L) {
  rtp_sender_config config = {.ssrc = (uint32_t)field(L, 1, "ssrc", 1),
                              .first_timestamp = (uint32_t)field(L, 1, "timestamp", 0),
                              .first_sequence = (uint16_t)field(L, 1, "sequence", 0),
                              .clock_rate = (uint32_t)field(L, 1, "rate", 8000),
                              .start_at = field(L, 1, "start_at", 0)};
  rtp_sender *s = new_object(L, sizeof *s, "rtp.sender");
  rtp_sender_init(s, &config);
  return 1;
}

static int sender_tick(lua_State *L) {
  rtp_sender_tick(check_sender(L), luaL_checkinteger(L, 2));
  return 0;
}

/* sender:audio(payload_type, ticks, len) -> packet without payload */
static int sender_audio(lua_State *L) {
  rtp_packet packet;
  rtp_sender_audio(check_sender(L), (uint8_t)luaL_checkinteger(L, 2),
                   (uint32_t)luaL_checkinteger(L, 3), (uint32_t)luaL_checkinteger(L, 4), &packet);
  push_packet(L, &packet);
  return 1;
}

/* sender:other({ payload_type, marker, timestamp, len }) -> packet without payload */
static int sender_other(lua_State *L) {
  rtp_sender_other other = {.payload_type = (uint8_t)field(L, 2, "payload_type", 101),
                            .marker = field(L, 2, "marker", 0),
                            .timestamp = (uint32_t)field(L, 2, "timestamp", 0),
                            .payload_len = (uint32_t)field(L, 2, "len", 4)};
  rtp_packet packet;
  rtp_sender_other_packet(check_sender(L), &other, &packet);
  push_packet(L, &packet);
  return 1;
}

/* sender:info(now, ntp) -> sender info; sender:is_active(since) */
static int sender_info(lua_State *L) {
  rtcp_sender_info info;
  rtp_sender_info(check_sender(L), luaL_checkinteger(L, 2), (uint64_t)luaL_checkinteger(L, 3),
                  &info);
  push_info(L, &info);
  return 1;
}

static int sender_is_active(lua_State *L) {
  lua_pushboolean(L, rtp_sender_is_active(check_sender(L), luaL_checkinteger(L, 2)));
  return 1;
}

/* sender:note_report(block, ntp) -> round trip in ns, -1 unknown */
static int sender_note_report(lua_State *L) {
  rtcp_report_block block = block_of(L, 2);
  rtp_sender_note_report(check_sender(L), &block, (uint64_t)luaL_checkinteger(L, 3));
  lua_pushinteger(L, check_sender(L)->round_trip_ns);
  return 1;
}

/* --- Latch -------------------------------------------------------------------------- */

static rtp_latch *check_latch(lua_State *L) {
  return luaL_checkudata(L, 1, "rtp.latch");
}

/* "192.0.2.1:4000" or "[2001:db8::1]:4000"; nil for none */
static sip_sockaddr address_of(lua_State *L, int index) {
  sip_sockaddr address = {0};
  if (lua_isnoneornil(L, index)) return address;
  size_t len;
  const char *text = luaL_checklstring(L, index, &len);
  const char *colon = strrchr(text, ':');
  luaL_argcheck(L, colon, index, "no port");
  uint16_t port = (uint16_t)strtol(colon + 1, NULL, 10);
  sip_str host = sip_str_between(text, colon);
  luaL_argcheck(L, sip_sockaddr_parse(host, port, &address), index, "no address");
  return address;
}

/* latch(mode, secure) */
static int latch_new(lua_State *L) {
  static const char *const modes[] = {"relearn", "once", "off", NULL};
  rtp_latch_config config = {(rtp_latch_mode)luaL_checkoption(L, 1, "relearn", modes),
                             lua_toboolean(L, 2)};
  rtp_latch *latch = new_object(L, sizeof *latch, "rtp.latch");
  rtp_latch_init(latch, &config);
  return 1;
}

/* latch:expect(sdp or nil, signalling or nil, now) */
static int latch_expect(lua_State *L) {
  sip_sockaddr sdp = address_of(L, 2), signalling = address_of(L, 3);
  rtp_latch_expect(check_latch(L), sdp.family ? &sdp : NULL, signalling.family ? &signalling : NULL,
                   luaL_checkinteger(L, 4));
  return 0;
}

/* latch:receive(from, packet, now, authenticated) -> verdict */
static int latch_receive(lua_State *L) {
  lua_settop(L, 5);
  static const char *const names[] = {"accept", "learnt", "refuse"};
  sip_sockaddr from = address_of(L, 2);
  rtp_packet packet = packet_of(L, 3);
  rtp_time now = luaL_checkinteger(L, 4);
  rtp_latch_packet p = {&from, &packet, lua_toboolean(L, 5)};
  lua_pushstring(L, names[rtp_latch_receive(check_latch(L), &p, now)]);
  return 1;
}

/* latch:rtcp(from, authenticated) */
static int latch_rtcp(lua_State *L) {
  sip_sockaddr from = address_of(L, 2);
  lua_pushboolean(L, rtp_latch_accepts_rtcp(check_latch(L), &from, lua_toboolean(L, 3)));
  return 1;
}

/* latch:get() -> { remote, learnt, refused, floods, moves } */
static int latch_get(lua_State *L) {
  rtp_latch *latch = check_latch(L);
  sip_alloc alloc;
  sip_buffer text;
  sip_alloc_init(&alloc, NULL, NULL);
  sip_buffer_init(&text, &alloc, 0);
  if (latch->remote.family) sip_sockaddr_write(&latch->remote, &text);
  lua_newtable(L);
  set_bytes(L, "remote", text.ptr, text.len);
  sip_buffer_deinit(&text);
  set_flag(L, "learnt", latch->learnt);
  set_number(L, "refused", latch->refused);
  set_number(L, "floods", latch->floods);
  set_number(L, "moves", latch->moves);
  return 1;
}

/* --- Schedule of RTCP ------------------------------------------------------------------ */

static rtcp_schedule *check_schedule(lua_State *L) {
  return luaL_checkudata(L, 1, "rtp.schedule");
}

/* schedule(bits per second, now, random) */
static int schedule_new(lua_State *L) {
  rtcp_schedule *s = new_object(L, sizeof *s, "rtp.schedule");
  rtcp_schedule_init(s, (uint32_t)luaL_checkinteger(L, 1), luaL_checkinteger(L, 2),
                     (uint32_t)luaL_checkinteger(L, 3));
  return 1;
}

/* schedule:set({ members, senders, we_sent }) */
static int schedule_set(lua_State *L) {
  rtcp_schedule *s = check_schedule(L);
  s->members = (uint32_t)field(L, 2, "members", s->members);
  s->senders = (uint32_t)field(L, 2, "senders", s->senders);
  s->we_sent = field(L, 2, "we_sent", s->we_sent);
  return 0;
}

/* schedule:due(now, random) -> bool, next_at */
static int schedule_due(lua_State *L) {
  rtcp_schedule *s = check_schedule(L);
  lua_pushboolean(L,
                  rtcp_schedule_due(s, luaL_checkinteger(L, 2), (uint32_t)luaL_checkinteger(L, 3)));
  lua_pushinteger(L, s->next_at);
  return 2;
}

/* schedule:sent(len, now, random), schedule:received(len) -> average size */
static int schedule_sent(lua_State *L) {
  rtcp_schedule *s = check_schedule(L);
  rtcp_schedule_sent(s, (size_t)luaL_checkinteger(L, 2), luaL_checkinteger(L, 3),
                     (uint32_t)luaL_checkinteger(L, 4));
  lua_pushnumber(L, s->average_size);
  return 1;
}

static int schedule_received(lua_State *L) {
  rtcp_schedule *s = check_schedule(L);
  rtcp_schedule_received(s, (size_t)luaL_checkinteger(L, 2));
  lua_pushnumber(L, s->average_size);
  return 1;
}

/* schedule:get() -> next_at, interval before it is randomised */
static int schedule_get(lua_State *L) {
  lua_pushinteger(L, check_schedule(L)->next_at);
  lua_pushinteger(L, rtcp_schedule_interval(check_schedule(L)));
  return 2;
}

int luaopen_rtp_streams_face(lua_State *L);

int luaopen_rtp_streams_face(lua_State *L) {
  static const luaL_Reg sequence_methods[] = {
      {"receive", sequence_receive}, {"get", sequence_get}, {NULL, NULL}};
  static const luaL_Reg source_methods[] = {
      {"receive", source_receive}, {"set_clock_rate", source_set_clock_rate},
      {"note_sr", source_note_sr}, {"report", source_report},
      {"get", source_get},         {NULL, NULL}};
  static const luaL_Reg sender_methods[] = {
      {"tick", sender_tick}, {"audio", sender_audio},         {"other", sender_other},
      {"info", sender_info}, {"is_active", sender_is_active}, {"note_report", sender_note_report},
      {NULL, NULL}};
  static const luaL_Reg latch_methods[] = {{"expect", latch_expect},
                                           {"receive", latch_receive},
                                           {"rtcp", latch_rtcp},
                                           {"get", latch_get},
                                           {NULL, NULL}};
  static const luaL_Reg schedule_methods[] = {
      {"set", schedule_set},           {"due", schedule_due}, {"sent", schedule_sent},
      {"received", schedule_received}, {"get", schedule_get}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"sequence", sequence_new}, {"source", source_new},
                                       {"sender", sender_new},     {"latch", latch_new},
                                       {"schedule", schedule_new}, {NULL, NULL}};
  new_class(L, "rtp.sequence", sequence_methods);
  new_class(L, "rtp.source", source_methods);
  new_class(L, "rtp.sender", sender_methods);
  new_class(L, "rtp.latch", latch_methods);
  new_class(L, "rtp.schedule", schedule_methods);
  luaL_newlib(L, functions);
  return 1;
}
