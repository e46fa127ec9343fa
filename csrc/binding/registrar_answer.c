/* SPDX-License-Identifier: MIT
 *
 * core.registrar: one REGISTER and its answer, for bindings in memory and for those that
 * a store has loaded.
 */
#include "base/error.h"
#include "binding/contact.h"
#include "binding/object.h"
#include "binding/registrar.h"
#include "sip/date.h"

enum { NOT_FOUND = 404, BAD_EXTENSION = 420, BRIEF = 423 };

/* --- Header lines ----------------------------------------------------------------- */

static void add_field(sip_buffer *lines, sip_str name, sip_str value) {
  sip_buffer_add(lines, name);
  SIP_BUFFER_ADD(lines, ": ");
  sip_buffer_add(lines, value);
  SIP_BUFFER_ADD(lines, "\r\n");
}

static void add_contacts(bind_registrar *self, sip_time now) {
  const sip_update *update = &self->update;
  bool gruu = bind_registrar_shows_gruu(self);
  for (size_t i = 0; i < update->count; i++) {
    if (!update->of[i].after) continue;
    SIP_BUFFER_ADD(&self->lines, "Contact: ");
    sip_contact_write(update->of[i].after, now, &self->lines);
    if (gruu) bind_registrar_add_gruu(self, update->of[i].after, now);
    SIP_BUFFER_ADD(&self->lines, "\r\n");
  }
}

/* The Path of the request, as it came (RFC 3327 5.3). */
static void add_path(bind_registrar *self) {
  if (!sip_registration_shows_path(&self->registration)) return;
  sip_value_cursor cursor = {0};
  sip_str value;
  while (sip_message_next_value(self->registration.request, SIP_HEADER_PATH, &cursor, &value)) {
    SIP_BUFFER_ADD(&self->lines, "Path: ");
    sip_unfold(value, &self->lines);
    SIP_BUFFER_ADD(&self->lines, "\r\n");
  }
}

/* RFC 3608 6.3. The registrar is at index 1. */
static void add_service_route(lua_State *L, bind_registrar *self) {
  lua_getiuservalue(L, 1, REGISTRAR_SERVICE_ROUTE);
  lua_Integer count = lua_istable(L, -1) ? luaL_len(L, -1) : 0;
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, -1, i);
    add_field(&self->lines, SIP_STR("Service-Route"), bind_check_str(L, -1));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* Written once for each second. */
static void add_date(bind_registrar *self, lua_Integer seconds) {
  if (seconds < SIP_DATE_MIN || seconds > SIP_DATE_MAX) return;
  if (seconds != self->date_at || self->date.len == 0) {
    sip_buffer_clear(&self->date);
    sip_date_write(seconds, &self->date);
    self->date_at = seconds;
  }
  add_field(&self->lines, SIP_STR("Date"), sip_buffer_str(&self->date));
}

/* --- Answers ------------------------------------------------------------------------- */

static bind_moment check_moment(lua_State *L, int index) {
  return (bind_moment){.now = luaL_checkinteger(L, index), .date = luaL_checkinteger(L, index + 1)};
}

static void write_refusal(bind_registrar *self, int status) {
  if (status == BAD_EXTENSION) {
    add_field(&self->lines, SIP_STR("Unsupported"), SIP_STR("path"));
  } else if (status == BRIEF) {
    SIP_BUFFER_ADD(&self->lines, "Min-Expires: ");
    sip_buffer_add_number(&self->lines, self->policy.min_s);
    SIP_BUFFER_ADD(&self->lines, "\r\n");
  }
}

void bind_registrar_write(lua_State *L, bind_registrar *self, int status, const bind_moment *at) {
  sip_buffer_clear(&self->lines);
  if (status) {
    write_refusal(self, status);
    return;
  }
  add_contacts(self, at->now); /* 10.3 step 8 */
  add_path(self);
  add_service_route(L, self);
  if (self->registration.outbound) {
    add_field(&self->lines, SIP_STR("Require"), SIP_STR("outbound"));
    if (self->flow_timer_s) {
      SIP_BUFFER_ADD(&self->lines, "Flow-Timer: ");
      sip_buffer_add_number(&self->lines, self->flow_timer_s);
      SIP_BUFFER_ADD(&self->lines, "\r\n");
    }
  }
  add_date(self, at->date);
}

/* Pushes status, reason or nil, and header lines. */
static int push_answer(lua_State *L, bind_registrar *self, int status, const bind_moment *at) {
  bind_registrar_write(L, self, status, at);
  if (self->lines.failed) return luaL_error(L, "not enough memory");
  lua_pushinteger(L, status ? status : BIND_REGISTRAR_OK);
  lua_pushstring(L, status ? self->registration.reason : NULL);
  bind_push_str(L, sip_buffer_str(&self->lines));
  return 3;
}

void bind_registrar_push_changes(lua_State *L, const bind_registrar *self, sip_time now) {
  static const char *const names[] = {[SIP_CONTACT_REGISTERED] = "registered",
                                      [SIP_CONTACT_REFRESHED] = "refreshed",
                                      [SIP_CONTACT_REMOVED] = "removed",
                                      [SIP_CONTACT_EXPIRED] = "expired"};
  const sip_update *update = &self->update;
  if (!update->changes) {
    lua_pushnil(L);
    return;
  }
  lua_newtable(L);
  lua_Integer count = 0;
  for (size_t i = 0; i < update->count; i++) {
    const sip_change *change = &update->of[i];
    if (change->kind == SIP_CONTACT_KEPT) continue;
    lua_pushstring(L, names[change->kind]);
    lua_rawseti(L, -2, ++count);
    bind_push_contact(L, change->after ? change->after : change->before, now);
    lua_rawseti(L, -2, ++count);
  }
}

/* --- Methods ---------------------------------------------------------------------------- */

int bind_registrar_read(lua_State *L, int index, bind_registrar *self) {
  sip_flow flow;
  const sip_message *request = bind_check_message(L, index, &flow);
  sip_buffer_clear(&self->texts);
  return sip_registration_read(&self->registration, request, &flow, &self->policy);
}

int bind_registrar_save(lua_State *L, const bind_saving *saving) {
  bind_registrar *self = saving->registrar;
  int status = bind_registrar_read(L, saving->message, self);
  sip_str aor;
  if (status) return status;
  if (!bind_registrar_aor_of(self, self->registration.request, &aor)) return NOT_FOUND;
  return sip_location_save(saving->location, aor, &self->registration, &self->policy, saving->now,
                           &self->update);
}

/* registrar:check(message) -> nothing, or status, reason, lines: before bindings are
 * loaded for it */
static int registrar_check(lua_State *L) {
  bind_registrar *self = bind_check_registrar(L, 1);
  int status = bind_registrar_read(L, 2, self);
  return status ? push_answer(L, self, status, NULL) : 0;
}

/* registrar:save(message, location, now, date, tells)
 *   -> status, reason or nil, lines, changes: when it tells, and there are some */
static int registrar_save(lua_State *L) {
  bind_registrar *self = bind_check_registrar(L, 1);
  bind_moment at = check_moment(L, 4);
  int status = bind_registrar_save(
      L,
      &(bind_saving){
          .registrar = self, .message = 2, .location = bind_check_location(L, 3), .now = at.now});
  int count = push_answer(L, self, status, &at);
  if (status || !lua_toboolean(L, 6)) return count;
  bind_registrar_push_changes(L, self, at.now);
  return count + 1;
}

/* What a store has loaded, at the index; 0 or SIP_E_INVALID. */
static int read_contacts(lua_State *L, int index, bind_registrar *self) {
  lua_Integer count = lua_isnoneornil(L, index) ? 0 : luaL_len(L, index);
  if (count > SIP_CONTACTS_MAX) return SIP_E_LIMIT;
  for (lua_Integer i = 0; i < count; i++) {
    lua_rawgeti(L, index, i + 1);
    const char *fault = bind_read_contact(L, lua_gettop(L), &self->update.current[i]);
    lua_pop(L, 1);
    if (fault) return SIP_E_INVALID;
  }
  self->update.had = (size_t)count;
  return 0;
}

/* Pushes the list of what there is now: tables of the list at the index where they stay
 * as they were. */
static void push_contacts(lua_State *L, int index, const bind_registrar *self, sip_time now) {
  const sip_update *update = &self->update;
  lua_newtable(L);
  lua_Integer count = 0;
  for (size_t i = 0; i < update->count; i++) {
    const sip_change *change = &update->of[i];
    if (!change->after) continue;
    if (change->kind == SIP_CONTACT_KEPT) {
      lua_rawgeti(L, index, change->before - update->current + 1);
    } else {
      bind_push_contact(L, change->after, now);
    }
    lua_rawseti(L, -2, ++count);
  }
}

/* registrar:update(message, contacts, now, date)
 *   -> status, reason or nil, lines, changes or nil, contacts
 *   -> nil, err: what was loaded are no contacts */
static int registrar_update(lua_State *L) {
  bind_registrar *self = bind_check_registrar(L, 1);
  bind_moment at = check_moment(L, 4);
  int status = bind_registrar_read(L, 2, self);
  int error = status ? 0 : read_contacts(L, 3, self);
  if (error) return bind_fail(L, error, "what the store has loaded are no contacts");
  if (!status) {
    status = sip_update_make(&self->update, &self->registration, &self->policy, at.now);
  }
  int count = push_answer(L, self, status, &at);
  if (status) return count;
  bind_registrar_push_changes(L, self, at.now);
  push_contacts(L, 3, self, at.now);
  return count + 2;
}

const luaL_Reg bind_registrar_answer_methods[] = {{"check", registrar_check},
                                                  {"save", registrar_save},
                                                  {"update", registrar_update},
                                                  {NULL, NULL}};
