/* SPDX-License-Identifier: MIT
 *
 * core.media: sessions, their settings and their figures.
 */
#include "base/error.h"
#include "binding/media.h"
#include "binding/object.h"
#include "media/order.h"

/* --- Opening ---------------------------------------------------------------------- */

/* open(ip [, { port }]) -> id, port */
static int session_open(lua_State *L) {
  bind_media *self = bind_media_check(L);
  lua_settop(L, 3);
  uint16_t port = 0;
  if (!lua_isnil(L, 3)) {
    luaL_checktype(L, 3, LUA_TTABLE);
    port = (uint16_t)bind_option_integer(L, 3, "port", 1, UINT16_MAX - 1, 0);
    if (port % 2 != 0) return bind_bad_value(L, "port", "an even one expected (RFC 3550 11)");
  }
  sip_sockaddr local;
  if (!sip_sockaddr_parse(bind_check_str(L, 2), port, &local)) {
    return luaL_argerror(L, 2, "IP address expected");
  }
  sip_id id;
  int error = media_control_open(self->control, &local, self, &id);
  if (error) return bind_media_fail(L, error);
  self->acted(L, self);
  lua_pushinteger(L, (lua_Integer)id);
  lua_pushinteger(L, local.port);
  return 2;
}

/* --- Settings -----------------------------------------------------------------------------------
 */

static uint8_t payload_type(lua_State *L, int index, const char *name, lua_Integer default_value) {
  return (uint8_t)bind_option_integer(L, index, name, 0, RTP_PAYLOAD_TYPES - 1, default_value);
}

/* The string stays the table's. */
static sip_str option_text(lua_State *L, int index, const char *name) {
  sip_str text = {0};
  if (lua_getfield(L, index, name) != LUA_TNIL) {
    text.ptr = lua_tolstring(L, -1, &text.len);
    if (!text.ptr) bind_bad_value(L, name, "a string expected");
  }
  lua_pop(L, 1);
  return text;
}

/* The one at the top of the stack; false when it is no audio codec of ours. */
static bool take_codec(lua_State *L, const audio_codecs *codecs, media_codec_choice *out) {
  int index = lua_absindex(L, -1);
  if (!lua_istable(L, index)) bind_bad_value(L, "codecs", "a list of tables expected");
  sip_str name = option_text(L, index, "name");
  uint32_t rate = (uint32_t)bind_option_integer(L, index, "rate", 1, INT32_MAX, 8000);
  uint8_t channels = (uint8_t)bind_option_integer(L, index, "channels", 1, UINT8_MAX, 1);
  out->codec = audio_codecs_find(codecs, name, rate, channels);
  if (!out->codec) return false;
  out->send = payload_type(L, index, "payload_type", MEDIA_NO_TYPE);
  out->receive = payload_type(L, index, "receive", out->send);
  out->fmtp = option_text(L, index, "fmtp");
  out->own_fmtp = option_text(L, index, "own_fmtp");
  return out->send != MEDIA_NO_TYPE || out->receive != MEDIA_NO_TYPE;
}

static void take_codecs(lua_State *L, const audio_codecs *codecs, media_voice_config *config) {
  if (lua_getfield(L, 3, "codecs") != LUA_TTABLE) bind_bad_value(L, "codecs", "a list expected");
  lua_Integer count = luaL_len(L, -1);
  for (lua_Integer i = 1; i <= count && config->count < MEDIA_CODECS_MAX; i++) {
    lua_rawgeti(L, -1, i);
    if (take_codec(L, codecs, &config->choices[config->count])) config->count++;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static void take_jitter(lua_State *L, media_voice_config *config) {
  if (lua_getfield(L, 3, "jitter") != LUA_TNIL) {
    if (!lua_istable(L, -1)) bind_bad_value(L, "jitter", "a table expected");
    int index = lua_absindex(L, -1);
    config->jitter_min_ms = (uint16_t)bind_option_integer(L, index, "min", 0, 1000, 0);
    config->jitter_max_ms = (uint16_t)bind_option_integer(L, index, "max", 20, 1000, 0);
    uint16_t most = config->jitter_max_ms ? config->jitter_max_ms : RTP_JITTER_MAX_MS;
    if (config->jitter_min_ms > most) bind_bad_value(L, "jitter", "min is more than max");
    if (bind_option_flag(L, index, "fixed", false)) config->jitter_max_ms = config->jitter_min_ms;
  }
  lua_pop(L, 1);
}

/* events = { payload_type, receive, rate } */
static void take_events(lua_State *L, media_settings *settings) {
  if (lua_getfield(L, 3, "events") != LUA_TNIL) {
    if (!lua_istable(L, -1)) bind_bad_value(L, "events", "a table expected");
    int index = lua_absindex(L, -1);
    settings->events_send = payload_type(L, index, "payload_type", MEDIA_NO_TYPE);
    settings->events_receive = payload_type(L, index, "receive", settings->events_send);
    settings->events_rate =
        (uint32_t)bind_option_integer(L, index, "rate", 1000, RTP_CLOCK_RATE_MAX, 8000);
  }
  lua_pop(L, 1);
}

/* comfort_noise = payload type, or { payload_type, receive } */
static void take_noise(lua_State *L, media_settings *settings, media_voice_config *config) {
  config->noise_type = MEDIA_NO_TYPE;
  int type = lua_getfield(L, 3, "comfort_noise");
  if (type == LUA_TTABLE) {
    int index = lua_absindex(L, -1);
    settings->noise_send = payload_type(L, index, "payload_type", MEDIA_NO_TYPE);
    config->noise_type = payload_type(L, index, "receive", settings->noise_send);
  } else if (type != LUA_TNIL) {
    settings->noise_send = config->noise_type = payload_type(L, 3, "comfort_noise", MEDIA_NO_TYPE);
  }
  lua_pop(L, 1);
}

static void take_remote(lua_State *L, media_settings *settings) {
  sip_str ip = option_text(L, 3, "remote_ip");
  if (ip.len == 0) return;
  uint16_t port = (uint16_t)bind_option_integer(L, 3, "remote_port", 1, UINT16_MAX, 0);
  if (port == 0) bind_bad_value(L, "remote_port", "missing");
  if (!sip_sockaddr_parse(ip, port, &settings->remote)) {
    bind_bad_value(L, "remote_ip", "IP address expected");
  }
  uint16_t rtcp = (uint16_t)bind_option_integer(L, 3, "remote_rtcp_port", 1, UINT16_MAX, 0);
  if (rtcp == 0) return;
  settings->remote_rtcp = settings->remote;
  settings->remote_rtcp.port = rtcp;
  sip_str other = option_text(L, 3, "remote_rtcp_ip");
  if (other.len > 0 && !sip_sockaddr_parse(other, rtcp, &settings->remote_rtcp)) {
    bind_bad_value(L, "remote_rtcp_ip", "IP address expected");
  }
}

/* Frames in a packet; codecs whose payloads cannot be put behind each other have one. */
static uint8_t frames_of(lua_State *L, const audio_codec *codec) {
  lua_Integer ms = bind_option_integer(L, 3, "ptime", 1, 1000, MEDIA_FRAME_MS);
  lua_Integer frames = ms / MEDIA_FRAME_MS;
  if (codec->byte_rate == 0 || frames < 1) return 1;
  return frames > MEDIA_PACKET_FRAMES_MAX ? MEDIA_PACKET_FRAMES_MAX : (uint8_t)frames;
}

static void take_settings(lua_State *L, media_settings *settings, media_voice_config *config) {
  static const char *const latches[] = {"relearn", "once", "off", NULL};
  static const rtp_latch_mode modes[] = {RTP_LATCH_RELEARN, RTP_LATCH_ONCE, RTP_LATCH_OFF};
  take_remote(L, settings);
  take_jitter(L, config);
  take_events(L, settings);
  take_noise(L, settings, config);
  settings->rtcp_mux = bind_option_flag(L, 3, "rtcp_mux", false);
  settings->send = bind_option_flag(L, 3, "send", true);
  settings->receive = bind_option_flag(L, 3, "receive", true);
  bool has_events = settings->events_receive != MEDIA_NO_TYPE;
  settings->inband = bind_option_flag(L, 3, "inband", !has_events);
  settings->latch = modes[bind_option_name(L, 3, "latch", "once", latches)];
  settings->inactivity_ms = (uint32_t)bind_option_ms(L, 3, "inactivity", 0);
}

/* apply(id, settings) -> true */
static int session_apply(lua_State *L) {
  bind_media *self = bind_media_check(L);
  sip_id id = bind_media_id(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  media_settings draft = {
      .events_send = MEDIA_NO_TYPE, .events_receive = MEDIA_NO_TYPE, .noise_send = MEDIA_NO_TYPE};
  media_voice_config config = {0};
  take_settings(L, &draft, &config);
  take_codecs(L, &self->control->codecs, &config);
  if (config.count == 0) return bind_fail(L, SIP_E_SDP_MEDIA, "no audio codec in common");
  draft.frames = frames_of(L, config.choices[0].codec);
  if (!media_control_session(self->control, id)) return bind_media_fail(L, SIP_E_GONE);
  media_settings *settings = media_settings_new(self->control->alloc);
  if (!settings) return bind_media_fail(L, SIP_E_MEMORY);
  draft.parcel = settings->parcel;
  *settings = draft;
  media_parcel_init(&settings->parcel, MEDIA_PARCEL_SETTINGS);
  int error = media_voice_new(self->control->alloc, &config, &settings->voice);
  if (error) {
    media_settings_free(self->control->alloc, settings);
    return bind_media_fail(L, error);
  }
  error = media_control_apply(self->control, id, settings);
  if (error) return bind_media_fail(L, error);
  self->acted(L, self);
  lua_pushboolean(L, true);
  return 1;
}

/* --- Small things ----------------------------------------------------------------- */

static int tell(lua_State *L, bind_media *self, media_command *command) {
  int error = media_control_tell(self->control, bind_media_id(L, 2), command);
  if (error) return bind_media_fail(L, error);
  self->acted(L, self);
  lua_pushboolean(L, true);
  return 1;
}

/* digit(id, digit [, ms]) */
static int session_digit(lua_State *L) {
  bind_media *self = bind_media_check(L);
  sip_str digit = bind_check_str(L, 3);
  bool is_one = digit.len == 1 && rtp_event_of_digit(digit.ptr[0]) >= 0;
  luaL_argcheck(L, is_one, 3, "one of 0-9 * # A-D expected");
  char name = rtp_event_digit((uint8_t)rtp_event_of_digit(digit.ptr[0]));
  media_command command = {.kind = MEDIA_COMMAND_DIGIT, .number = (uint32_t)name};
  return tell(L, self, &command);
}

/* flush(id) */
static int session_flush(lua_State *L) {
  return tell(L, bind_media_check(L), &(media_command){.kind = MEDIA_COMMAND_FLUSH});
}

/* mute(id, { send, receive }) */
static int session_mute(lua_State *L) {
  bind_media *self = bind_media_check(L);
  luaL_checktype(L, 3, LUA_TTABLE);
  uint32_t bits = 0;
  if (bind_option_flag(L, 3, "send", false)) bits |= MEDIA_MUTE_SEND;
  if (bind_option_flag(L, 3, "receive", false)) bits |= MEDIA_MUTE_RECEIVE;
  if (!media_control_session(self->control, bind_media_id(L, 2))) {
    return bind_media_fail(L, SIP_E_GONE);
  }
  media_command command = {.kind = MEDIA_COMMAND_MUTE, .number = bits};
  return tell(L, self, &command);
}

/* --- Figures ---------------------------------------------------------------------- */

static void set_integer(lua_State *L, const char *name, uint64_t value) {
  lua_pushinteger(L, (lua_Integer)value);
  lua_setfield(L, -2, name);
}

static void set_ms(lua_State *L, const char *name, double us) {
  lua_pushnumber(L, us / 1000);
  lua_setfield(L, -2, name);
}

static void set_sent(lua_State *L, const media_stats *stats) {
  lua_createtable(L, 0, 4);
  set_integer(L, "packets", stats->sent_packets);
  set_integer(L, "bytes", stats->sent_bytes);
  set_integer(L, "events", stats->sent_events);
  set_integer(L, "errors", stats->sent_errors);
  lua_setfield(L, -2, "sent");
}

static void set_received(lua_State *L, const media_stats *stats) {
  lua_createtable(L, 0, 14);
#define FIELD(name) set_integer(L, #name, stats->name)
  FIELD(packets);
  FIELD(bytes);
  FIELD(lost);
  FIELD(late);
  FIELD(duplicates);
  FIELD(reordered);
  FIELD(concealed_ms);
  FIELD(discarded);
  FIELD(digits);
  FIELD(strangers);
  FIELD(wrong_type);
  FIELD(wrong_ssrc);
  FIELD(malformed);
  FIELD(floods);
#undef FIELD
  lua_setfield(L, -2, "received");
}

static void set_rtcp(lua_State *L, const media_stats *stats) {
  lua_createtable(L, 0, 5);
  set_integer(L, "sent", stats->reports_sent);
  set_integer(L, "received", stats->reports_received);
  set_integer(L, "remote_lost", stats->remote_lost);
  set_ms(L, "remote_jitter", (double)stats->remote_jitter_us);
  if (stats->round_trip_us >= 0) set_ms(L, "rtt", (double)stats->round_trip_us);
  lua_setfield(L, -2, "rtcp");
}

static void set_remote(lua_State *L, const media_stats *stats) {
  if (stats->remote.family == 0) return;
  bind_push_ip(L, &stats->remote);
  lua_setfield(L, -2, "remote_ip");
  set_integer(L, "remote_port", stats->remote.port);
}

void bind_media_push_stats(lua_State *L, const media_control *control, sip_id id) {
  const media_handle *handle = sip_slots_find(&control->handles, id);
  media_stats stats;
  lua_newtable(L);
  if (media_control_stats(control, id, &stats) != 0) return;
  set_sent(L, &stats);
  set_received(L, &stats);
  set_rtcp(L, &stats);
  set_remote(L, &stats);
  set_integer(L, "local_port", media_session_of(handle->party)->local.port);
  set_integer(L, "since", stats.ms);
  set_ms(L, "jitter", (double)stats.jitter_us);
  set_ms(L, "jitter_buffer", (double)stats.buffer_us);
  set_integer(L, "ssrc", stats.ssrc);
  set_integer(L, "remote_ssrc", stats.remote_ssrc);
  lua_pushboolean(L, stats.latched != 0);
  lua_setfield(L, -2, "latched");
  if (!handle->codec) return;
  bind_push_str(L, handle->codec->name);
  lua_setfield(L, -2, "codec");
}

/* stats(id) -> table */
static int session_stats(lua_State *L) {
  bind_media *self = bind_media_check(L);
  sip_id id = bind_media_id(L, 2);
  if (!sip_slots_find(&self->control->handles, id)) return bind_media_fail(L, SIP_E_GONE);
  bind_media_push_stats(L, self->control, id);
  return 1;
}

const luaL_Reg bind_media_session_methods[] = {{"open", session_open},
                                               {"apply", session_apply},
                                               {"digit", session_digit},
                                               {"flush", session_flush},
                                               {"mute", session_mute},
                                               {"stats", session_stats},
                                               {NULL, NULL}};
