/* SPDX-License-Identifier: MIT
 *
 * For specs: the jitter buffer and telephone events both ways as Lua objects, on a
 * clock that is an argument in nanoseconds.
 */
#include "rtp_face.h"

#include "rtp/event_receiver.h"
#include "rtp/event_sender.h"
#include "rtp/jitter_buffer.h"

/* --- Jitter buffer ------------------------------------------------------------------- */

typedef struct jitter {
  rtp_jitter_buffer buffer;
  uint8_t *memory;
} jitter;

static jitter *check_jitter(lua_State *L) {
  return luaL_checkudata(L, 1, "rtp.jitter");
}

/* jitter({ rate, min, max, start, noise, memory }) or nil when that makes no sense */
static int jitter_new(lua_State *L) {
  rtp_jitter_config config = {
      .clock_rate = (uint32_t)field(L, 1, "rate", 8000),
      .min_ms = (uint16_t)field(L, 1, "min", 0),
      .max_ms = (uint16_t)field(L, 1, "max", 0),
      .start_ms = (uint16_t)field(L, 1, "start", 0),
      .noise_type = (uint8_t)field(L, 1, "noise", RTP_JITTER_NO_NOISE),
      .memory_size = (size_t)field(L, 1, "memory", (lua_Integer)rtp_jitter_memory(8000, 200))};
  jitter *j = new_object(L, sizeof *j, "rtp.jitter");
  j->memory = malloc(config.memory_size ? config.memory_size : 1);
  if (!j->memory) return luaL_error(L, "out of memory");
  config.memory = j->memory;
  return rtp_jitter_buffer_init(&j->buffer, &config) ? 1 : 0;
}

static int jitter_gc(lua_State *L) {
  free(check_jitter(L)->memory);
  return 0;
}

/* jitter:put(packet, ticks, now) */
static int jitter_put(lua_State *L) {
  rtp_packet packet = packet_of(L, 2);
  uint32_t lasts = (uint32_t)luaL_checkinteger(L, 3);
  rtp_jitter_buffer_put(&check_jitter(L)->buffer, &packet, lasts, luaL_checkinteger(L, 4));
  return 0;
}

static int jitter_pass(lua_State *L) {
  rtp_packet packet = packet_of(L, 2);
  rtp_jitter_buffer_pass(&check_jitter(L)->buffer, &packet);
  return 0;
}

static int jitter_restart(lua_State *L) {
  rtp_jitter_buffer_restart(&check_jitter(L)->buffer);
  return 0;
}

/* jitter:get(now, quiet, size or nil) -> "frame", "lost" or "nothing"; table */
static int jitter_get(lua_State *L) {
  static const char *const names[] = {"nothing", "frame", "lost"};
  size_t size = (size_t)luaL_optinteger(L, 4, 2048);
  uint8_t *room = malloc(size ? size : 1);
  if (!room) return luaL_error(L, "out of memory");
  rtp_jitter_request request = {luaL_checkinteger(L, 2), lua_toboolean(L, 3), room, size};
  rtp_jitter_frame frame;
  rtp_jitter_result result = rtp_jitter_buffer_get(&check_jitter(L)->buffer, &request, &frame);
  lua_pushstring(L, names[result]);
  lua_newtable(L);
  set_number(L, "ticks", frame.ticks);
  set_number(L, "skipped", frame.skipped);
  set_flag(L, "mendable", frame.mendable);
  if (result == RTP_JITTER_FRAME) {
    set_number(L, "timestamp", frame.timestamp);
    set_number(L, "payload_type", frame.payload_type);
    set_flag(L, "discontinuity", frame.discontinuity);
    set_flag(L, "spurt", frame.spurt);
    set_bytes(L, "payload", room, frame.len);
  }
  free(room);
  return 2;
}

static int jitter_peek(lua_State *L) {
  uint8_t room[2048];
  size_t size = (size_t)luaL_optinteger(L, 2, sizeof room);
  size_t len = rtp_jitter_buffer_peek(&check_jitter(L)->buffer, room, size);
  lua_pushlstring(L, (const char *)room, len);
  return 1;
}

/* jitter:stats() -> counters, and the delay and its target in ticks */
static int jitter_stats(lua_State *L) {
  const rtp_jitter_buffer *b = &check_jitter(L)->buffer;
  const rtp_jitter_stats *s = &b->stats;
  lua_newtable(L);
  set_number(L, "received", (lua_Integer)s->received);
  set_number(L, "played", (lua_Integer)s->played);
  set_number(L, "lost", (lua_Integer)rtp_jitter_buffer_lost(b));
  set_number(L, "late", (lua_Integer)s->late);
  set_number(L, "early", (lua_Integer)s->early);
  set_number(L, "duplicate", (lua_Integer)s->duplicate);
  set_number(L, "reordered", (lua_Integer)s->reordered);
  set_number(L, "overflow", (lua_Integer)s->overflow);
  set_number(L, "concealed", (lua_Integer)s->concealed);
  set_number(L, "skipped", (lua_Integer)s->skipped);
  set_number(L, "stretched", (lua_Integer)s->stretched);
  set_number(L, "restarts", rtp_jitter_buffer_restarts(b));
  set_number(L, "free_cells", b->slots.cells.free);
  set_number(L, "cells", b->slots.cells.count);
  set_number(L, "delay", rtp_jitter_buffer_delay(b));
  set_number(L, "target", rtp_jitter_buffer_target(b));
  return 1;
}

static int jitter_memory(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)rtp_jitter_memory((uint32_t)luaL_checkinteger(L, 1),
                                                    (uint16_t)luaL_checkinteger(L, 2)));
  return 1;
}

/* --- Events -------------------------------------------------------------------------- */

static rtp_event_receiver *check_receiver(lua_State *L) {
  return luaL_checkudata(L, 1, "rtp.receiver");
}

static int receiver_new(lua_State *L) {
  rtp_event_receiver_init(new_object(L, sizeof(rtp_event_receiver), "rtp.receiver"));
  return 1;
}

/* All reports that wait, as a list. */
static int push_reports(lua_State *L, rtp_event_receiver *r) {
  static const char *const names[] = {"started", "ended", "timeout"};
  rtp_event_report report;
  lua_newtable(L);
  for (lua_Integer i = 1; rtp_event_receiver_next(r, &report); i++) {
    lua_newtable(L);
    lua_pushstring(L, names[report.phase]);
    lua_setfield(L, -2, "phase");
    set_number(L, "code", report.code);
    set_number(L, "volume", report.volume);
    set_number(L, "ssrc", report.ssrc);
    set_number(L, "timestamp", report.timestamp);
    set_number(L, "duration", report.duration);
    lua_seti(L, -2, i);
  }
  return 1;
}

/* receiver:packet(packet, now, keep) -> reports; with keep they go on waiting */
static int receiver_packet(lua_State *L) {
  lua_settop(L, 4);
  rtp_packet packet = packet_of(L, 2);
  rtp_event_receiver_packet(check_receiver(L), &packet, luaL_checkinteger(L, 3));
  return lua_toboolean(L, 4) ? 0 : push_reports(L, check_receiver(L));
}

static int receiver_tick(lua_State *L) {
  rtp_event_receiver_tick(check_receiver(L), luaL_checkinteger(L, 2));
  return push_reports(L, check_receiver(L));
}

/* receiver:get() -> { deadline, copies, malformed } */
static int receiver_get(lua_State *L) {
  rtp_event_receiver *r = check_receiver(L);
  lua_newtable(L);
  set_number(L, "deadline", rtp_event_receiver_deadline(r));
  set_number(L, "copies", r->copies);
  set_number(L, "malformed", r->malformed);
  return 1;
}

static rtp_event_sender *check_events(lua_State *L) {
  return luaL_checkudata(L, 1, "rtp.events");
}

static int events_new(lua_State *L) {
  rtp_event_sender_init(new_object(L, sizeof(rtp_event_sender), "rtp.events"));
  return 1;
}

/* events:push({ code, volume, duration, gap, pause }), with defaults of 8000 Hz */
static int events_push(lua_State *L) {
  rtp_event_order order = rtp_event_order_default((uint8_t)field(L, 2, "code", 0), 8000);
  order.volume = (uint8_t)field(L, 2, "volume", order.volume);
  order.duration = (uint32_t)field(L, 2, "duration", order.duration);
  order.gap = (uint32_t)field(L, 2, "gap", order.gap);
  order.pause = field(L, 2, "pause", 0);
  lua_pushboolean(L, rtp_event_sender_push(check_events(L), &order));
  return 1;
}

/* events:tick(timestamp, ticks) -> { marker, timestamp, payload } or nil */
static int events_tick(lua_State *L) {
  rtp_event_payload payload;
  if (!rtp_event_sender_tick(check_events(L), (uint32_t)luaL_checkinteger(L, 2),
                             (uint32_t)luaL_checkinteger(L, 3), &payload)) {
    return 0;
  }
  lua_newtable(L);
  set_flag(L, "marker", payload.marker);
  set_number(L, "timestamp", payload.timestamp);
  set_bytes(L, "payload", payload.bytes, sizeof payload.bytes);
  return 1;
}

static int events_stop(lua_State *L) {
  rtp_event_sender_stop(check_events(L));
  return 0;
}

static int events_shorten(lua_State *L) {
  rtp_event_sender_shorten(check_events(L), (uint32_t)luaL_checkinteger(L, 2));
  return 0;
}

static int events_is_busy(lua_State *L) {
  lua_pushboolean(L, rtp_event_sender_is_busy(check_events(L)));
  return 1;
}

int luaopen_rtp_playout_face(lua_State *L);

int luaopen_rtp_playout_face(lua_State *L) {
  static const luaL_Reg jitter_methods[] = {{"put", jitter_put},         {"pass", jitter_pass},
                                            {"restart", jitter_restart}, {"get", jitter_get},
                                            {"peek", jitter_peek},       {"stats", jitter_stats},
                                            {"__gc", jitter_gc},         {NULL, NULL}};
  static const luaL_Reg receiver_methods[] = {
      {"packet", receiver_packet}, {"tick", receiver_tick}, {"get", receiver_get}, {NULL, NULL}};
  static const luaL_Reg events_methods[] = {
      {"push", events_push},       {"tick", events_tick},       {"stop", events_stop},
      {"shorten", events_shorten}, {"is_busy", events_is_busy}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"jitter", jitter_new},
                                       {"jitter_memory", jitter_memory},
                                       {"receiver", receiver_new},
                                       {"events", events_new},
                                       {NULL, NULL}};
  new_class(L, "rtp.jitter", jitter_methods);
  new_class(L, "rtp.receiver", receiver_methods);
  new_class(L, "rtp.events", events_methods);
  luaL_newlib(L, functions);
  return 1;
}
