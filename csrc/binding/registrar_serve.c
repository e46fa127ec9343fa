/* SPDX-License-Identifier: MIT
 *
 * core.registrar: a REGISTER from its checks to its answer in one crossing, for bindings
 * in memory. With any other store a script waits in between, and the steps are taken one
 * by one (lua/moonsip/location/).
 */
#include "base/error.h"
#include "binding/engine.h"
#include "binding/registrar.h"

/* What a registrar supports beside what its engine says of itself (RFC 3327, 5626, 5627). */
#define EXTENSIONS SIP_STR("path, outbound, gruu")

typedef struct serving {
  bind_registrar *registrar;
  bind_engine *engine;
  sip_id transaction;
} serving;

static int push_error(lua_State *L, int error) {
  lua_pushboolean(L, false);
  bind_fail(L, error, NULL);
  lua_remove(L, -2);
  return 2;
}

/* Sends it, and pushes its status and reason, or false and an error. */
static int answer(lua_State *L, const serving *s, int status) {
  const char *reason = status == BIND_REGISTRAR_OK ? NULL : s->registrar->registration.reason;
  sip_reply reply = {.status = status, .headers = sip_buffer_str(&s->registrar->lines)};
  if (reason) reply.reason = sip_str_make(reason, strlen(reason));
  int error = s->registrar->lines.failed ? SIP_E_MEMORY : 0;
  if (!error) {
    sip_time now = bind_engine_now(s->engine);
    error = sip_engine_reply(s->engine->engine, now, s->transaction, &reply, NULL);
  }
  if (error) return push_error(L, error);
  bind_engine_acted(L, s->engine);
  lua_pushinteger(L, status);
  lua_pushstring(L, reason);
  return 2;
}

/* The checks of a user agent (8.2): 0, or the status that was answered. */
static int check(const serving *s) {
  bind_registrar *registrar = s->registrar;
  sip_buffer_clear(&registrar->lines);
  registrar->registration.reason = NULL;
  return sip_engine_check(s->engine->engine, s->transaction, EXTENSIONS, &registrar->lines);
}

/* registrar:serve(message, location, engine, transaction, date, tells, is_ours, more)
 *   -> status, reason or nil, changes: answered; changes when it tells, and there are some
 *   -> nil: To and Request-URI are not of one host, and nobody said is_ours
 *   -> false, err: could not be answered
 * more: header lines of a 200, or nil */
static int registrar_serve(lua_State *L) {
  lua_settop(L, 9);
  serving s = {.registrar = bind_check_registrar(L, 1),
               .engine = bind_engine_check(L, 4),
               .transaction = (sip_id)luaL_checkinteger(L, 5)};
  bind_moment at = {.now = bind_engine_now(s.engine), .date = luaL_checkinteger(L, 6)};
  bind_saving saving = {
      .registrar = s.registrar, .message = 2, .location = bind_check_location(L, 3), .now = at.now};
  int refusal = check(&s);
  if (refusal) return answer(L, &s, refusal);
  if (!lua_toboolean(L, 8) && !bind_registrar_fits(bind_check_message(L, 2, NULL))) return 0;
  int status = bind_registrar_save(L, &saving);
  bind_registrar_write(L, s.registrar, status, &at);
  if (!status) sip_buffer_add(&s.registrar->lines, bind_opt_str(L, 9));
  int count = answer(L, &s, status ? status : BIND_REGISTRAR_OK);
  if (status || !lua_toboolean(L, 7)) return count;
  bind_registrar_push_changes(L, s.registrar, at.now);
  return count + 1;
}

const luaL_Reg bind_registrar_serve_methods[] = {{"serve", registrar_serve}, {NULL, NULL}};
