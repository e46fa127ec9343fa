/* SPDX-License-Identifier: MIT
 *
 * core.media: bridges and conferences.
 */
#include "base/error.h"
#include "binding/media.h"
#include "binding/object.h"
#include "media/order.h"

static int succeed(lua_State *L, bind_media *self) {
  self->acted(L, self);
  lua_pushboolean(L, true);
  return 1;
}

/* bridge(a, b [, { digits, transcode }]) */
static int bridge(lua_State *L) {
  static const char *const ways[] = {"auto", "always", NULL};
  bind_media *self = bind_media_check(L);
  uint32_t flags = MEDIA_BRIDGE_DIGITS;
  if (!lua_isnoneornil(L, 4)) {
    luaL_checktype(L, 4, LUA_TTABLE);
    if (!bind_option_flag(L, 4, "digits", true)) flags = 0;
    if (bind_option_name(L, 4, "transcode", "auto", ways) == 1) flags |= MEDIA_BRIDGE_TRANSCODE;
  }
  int error = media_control_bridge(self->control, bind_media_id(L, 2), bind_media_id(L, 3), flags);
  return error ? bind_media_fail(L, error) : succeed(L, self);
}

/* unbridge(id), leave(id) */
static int leave(lua_State *L) {
  bind_media *self = bind_media_check(L);
  int error = media_control_leave(self->control, bind_media_id(L, 2));
  return error ? bind_media_fail(L, error) : succeed(L, self);
}

/* --- Conferences ------------------------------------------------------------------ */

/* conference([{ rate, max }]) -> id */
static int conference(lua_State *L) {
  bind_media *self = bind_media_check(L);
  lua_Integer rate = 8000, most = 100;
  if (!lua_isnoneornil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    rate = bind_option_integer(L, 2, "rate", 8000, AUDIO_LIVE_RATE_MAX, rate);
    most = bind_option_integer(L, 2, "max", 1, MEDIA_CONFERENCE_MEMBERS, most);
    if (rate % 8000 != 0) return bind_bad_value(L, "rate", "8000, 16000, 32000 or 48000 expected");
  }
  sip_id id;
  int error = media_control_conference(self->control, (uint32_t)rate, self, &id);
  if (error) return bind_media_fail(L, error);
  media_control_find(self->control, id)->most = (uint32_t)most;
  self->acted(L, self);
  lua_pushinteger(L, (lua_Integer)id);
  return 1;
}

/* to = { id, ... } */
static void take_whispers(lua_State *L, int index, media_member *member) {
  if (lua_getfield(L, index, "to") != LUA_TNIL) {
    if (!lua_istable(L, -1)) bind_bad_value(L, "to", "a list of sessions expected");
    lua_Integer count = luaL_len(L, -1);
    if (count < 1 || count > MEDIA_WHISPERS_MAX) bind_bad_value(L, "to", "1 to 8 sessions");
    for (lua_Integer i = 1; i <= count; i++) {
      lua_rawgeti(L, -1, i);
      if (!lua_isinteger(L, -1)) bind_bad_value(L, "to", "a list of sessions expected");
      member->whispers[i - 1] = (sip_id)lua_tointeger(L, -1);
      lua_pop(L, 1);
    }
    member->whisper_count = (uint8_t)count;
  }
  lua_pop(L, 1);
}

/* What the table at `index` says, or nothing when it is nil. */
static void take_member(lua_State *L, int index, media_member *member) {
  member->gain_in = member->gain_out = AUDIO_GAIN_UNITY;
  if (lua_isnoneornil(L, index)) return;
  luaL_checktype(L, index, LUA_TTABLE);
  member->is_muted = bind_option_flag(L, index, "mute", false);
  member->is_deaf = bind_option_flag(L, index, "deaf", false);
  member->gain_in = bind_option_gain(L, index, "gain_in");
  member->gain_out = bind_option_gain(L, index, "gain_out");
  take_whispers(L, index, member);
}

static media_member *new_member(media_control *control, media_conference *of,
                                const media_member *draft) {
  media_member *member = sip_alloc_zero(control->alloc, sizeof *member);
  if (!member) return NULL;
  media_member_init(member, of);
  member->is_muted = draft->is_muted;
  member->is_deaf = draft->is_deaf;
  member->gain_in = draft->gain_in;
  member->gain_out = draft->gain_out;
  member->whisper_count = draft->whisper_count;
  memcpy(member->whispers, draft->whispers, sizeof member->whispers);
  return member;
}

/* join(conference, id [, options]) */
static int join(lua_State *L) {
  bind_media *self = bind_media_check(L);
  sip_id of = bind_media_id(L, 2);
  media_member draft = {0};
  take_member(L, 4, &draft);
  media_conference *found = media_control_find_conference(self->control, of);
  if (!found) return bind_media_fail(L, SIP_E_GONE);
  media_member *member = new_member(self->control, found, &draft);
  if (!member) return bind_media_fail(L, SIP_E_MEMORY);
  int error = media_control_join(self->control, of, bind_media_id(L, 3), member);
  return error ? bind_media_fail(L, error) : succeed(L, self);
}

/* set_member(id, options) */
static int set_member(lua_State *L) {
  bind_media *self = bind_media_check(L);
  sip_id id = bind_media_id(L, 2);
  media_member draft = {0};
  luaL_checktype(L, 3, LUA_TTABLE);
  take_member(L, 3, &draft);
  const media_handle *handle = media_control_session(self->control, id);
  media_conference *of =
      handle ? media_control_find_conference(self->control, handle->conference) : NULL;
  if (!of) return bind_media_fail(L, SIP_E_GONE);
  media_member *member = new_member(self->control, of, &draft);
  if (!member) return bind_media_fail(L, SIP_E_MEMORY);
  int error = media_control_change(self->control, id, member);
  return error ? bind_media_fail(L, error) : succeed(L, self);
}

const luaL_Reg bind_media_together_methods[] = {
    {"bridge", bridge}, {"unbridge", leave},        {"leave", leave}, {"conference", conference},
    {"join", join},     {"set_member", set_member}, {NULL, NULL}};
