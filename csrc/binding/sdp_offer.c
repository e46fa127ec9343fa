/* SPDX-License-Identifier: MIT
 *
 * core.sdp_offer, core.sdp_answer, core.sdp_check, core.sdp_revise,
 * core.sdp_payloads: offers and answers (RFC 3264).
 */
#include "sdp/offer.h"

#include "base/error.h"
#include "binding/engine.h"
#include "binding/sdp_local.h"
#include "sdp/answer.h"
#include "sdp/revision.h"

#define PAYLOADS_CLASS "moonsip.sdp_payloads"

/* Pushes the description that was written to the buffer on top, or the failure. */
static int push_result(lua_State *L, int error, const sip_buffer *out) {
  if (error == SIP_E_INVALID || error == SIP_E_INJECTION) {
    return bind_raise(L, "bad description of media (%s)", sip_error_text(error));
  }
  if (error) return bind_fail(L, error, NULL);
  return bind_push_sdp(L, sip_buffer_str(out));
}

/* Pushes the raw field of the table at index; its description, or NULL for nil. */
static const sdp_session *get_sdp(lua_State *L, int index, const char *name) {
  lua_pushstring(L, name);
  lua_rawget(L, index);
  return bind_opt_sdp(L, lua_gettop(L));
}

/* core.sdp_offer(options) -> description | nil, err. options: see sdp_local.h, and
 *   sent      our last description of the session
 *   payloads  core.sdp_payloads of the session */
static int make_offer(lua_State *L) {
  lua_settop(L, 1);
  sdp_local local;
  bind_check_local(L, 1, &local);
  const sdp_session *sent = get_sdp(L, 1, "sent");
  lua_pushliteral(L, "payloads");
  lua_rawget(L, 1);
  const sdp_payloads *payloads =
      lua_isnil(L, -1) ? NULL : luaL_checkudata(L, lua_gettop(L), PAYLOADS_CLASS);
  sip_buffer *out = bind_new_buffer(L);
  int error =
      sdp_offer_write(&(sdp_offering){.local = &local, .sent = sent, .payloads = payloads}, out);
  return push_result(L, error, out);
}

/* For each m= line the number (from 1) of the local medium, or false. */
static void push_used(lua_State *L, const uint16_t *used, size_t count) {
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    if (used[i] == SDP_NO_MEDIA) {
      lua_pushboolean(L, false);
    } else {
      lua_pushinteger(L, used[i] + 1);
    }
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* core.sdp_answer(offer, options) -> description, used | nil, err. options: see
 * sdp_local.h, and `sent`, `our_order`, `one_codec`, `cannot_refuse` (sdp/answer.h) */
static int make_answer(lua_State *L) {
  lua_settop(L, 2);
  const sdp_session *offer = bind_check_sdp(L, 1);
  sdp_local local;
  bind_check_local(L, 2, &local);
  const sdp_session *sent = get_sdp(L, 2, "sent");
  uint16_t *used = lua_newuserdatauv(L, (offer->media_count + 1U) * sizeof *used, 0);
  sdp_answering how = {.local = &local,
                       .sent = sent,
                       .our_order = bind_get_flag(L, 2, "our_order"),
                       .one_codec = bind_get_flag(L, 2, "one_codec"),
                       .cannot_refuse = bind_get_flag(L, 2, "cannot_refuse"),
                       .used = used};
  sip_buffer *out = bind_new_buffer(L);
  int error = sdp_answer_write(offer, &how, out);
  int pushed = push_result(L, error, out);
  if (pushed == 2) return 2;
  push_used(L, used, offer->media_count);
  return 2;
}

/* core.sdp_check(offer, answer) -> true | nil, err with `media`, the m= line's number */
static int check_answer(lua_State *L) {
  size_t media;
  int error = sdp_answer_check(bind_check_sdp(L, 1), bind_check_sdp(L, 2), &media);
  if (!error) {
    lua_pushboolean(L, true);
    return 1;
  }
  bind_fail(L, error, NULL);
  lua_pushinteger(L, (lua_Integer)media + 1);
  lua_setfield(L, -2, "media");
  return 2;
}

/* core.sdp_revise(description, sent) -> description | nil, err: with the o= that follows
 * the one of `sent` */
static int revise(lua_State *L) {
  const sdp_session *session = bind_check_sdp(L, 1), *sent = bind_check_sdp(L, 2);
  sip_buffer *out = bind_new_buffer(L);
  int error = sdp_revise(sdp_session_text(session), sdp_session_text(sent), out);
  return push_result(L, error, out);
}

/* --- Payload types of a session ---------------------------------------------------- */

/* core.sdp_payloads() -> object that remembers them */
static int new_payloads(lua_State *L) {
  sdp_payloads *payloads = lua_newuserdatauv(L, sizeof *payloads, 0);
  *payloads = (sdp_payloads){0};
  luaL_setmetatable(L, PAYLOADS_CLASS);
  return 1;
}

/* payloads:note(description), of ours or of theirs */
static int payloads_note(lua_State *L) {
  sdp_payloads *payloads = luaL_checkudata(L, 1, PAYLOADS_CLASS);
  sdp_payloads_note(payloads, bind_check_sdp(L, 2));
  return 0;
}

static int payloads_len(lua_State *L) {
  const sdp_payloads *payloads = luaL_checkudata(L, 1, PAYLOADS_CLASS);
  lua_pushinteger(L, payloads->count);
  return 1;
}

void bind_sdp_offer_open(lua_State *L) {
  static const luaL_Reg meta[] = {{"__len", payloads_len}, {NULL, NULL}};
  static const luaL_Reg methods[] = {{"note", payloads_note}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"sdp_offer", make_offer},      {"sdp_answer", make_answer},
                                       {"sdp_check", check_answer},    {"sdp_revise", revise},
                                       {"sdp_payloads", new_payloads}, {NULL, NULL}};
  luaL_newmetatable(L, PAYLOADS_CLASS);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}
