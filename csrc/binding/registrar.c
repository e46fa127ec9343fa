/* SPDX-License-Identifier: MIT
 *
 * core.registrar: what a registrar wants of the requests it gets.
 */
#include "binding/registrar.h"

#include "binding/message.h"
#include "binding/uri.h"
#include "sip/host.h"

static const char registrar_class[] = "moonsip.registrar";

bind_registrar *bind_check_registrar(lua_State *L, int index) {
  return bind_class_check(L, index, registrar_class);
}

static uint32_t number_option(lua_State *L, const char *name, lua_Integer least, lua_Integer most) {
  lua_getfield(L, 1, name);
  lua_Integer value = luaL_checkinteger(L, -1);
  if (value < least || value > most) luaL_error(L, "bad option '%s'", name);
  lua_pop(L, 1);
  return (uint32_t)value;
}

static bool flag_option(lua_State *L, const char *name) {
  lua_getfield(L, 1, name);
  bool flag = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return flag;
}

/* registrar{ min, max, default: seconds; max_contacts; evicts, takes_any_path: booleans;
 * domain; service_route: a list of routes; flow_timer: seconds, or 0; gruu: boolean, secret: its
 * key, or seed } */
static int registrar_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  sip_registrar policy = {.min_s = number_option(L, "min", 0, UINT32_MAX),
                          .max_s = number_option(L, "max", 1, UINT32_MAX),
                          .default_s = number_option(L, "default", 1, UINT32_MAX),
                          .max_contacts = number_option(L, "max_contacts", 1, SIP_CONTACTS_MAX),
                          .evicts = flag_option(L, "evicts"),
                          .takes_any_path = flag_option(L, "takes_any_path")};
  bind_registrar *self = lua_newuserdatauv(L, sizeof *self, REGISTRAR_VALUES);
  self->policy = policy;
  sip_alloc_init(&self->alloc, NULL, NULL);
  sip_buffer_init(&self->texts, &self->alloc, 0);
  sip_buffer_init(&self->aor, &self->alloc, 0);
  sip_buffer_init(&self->lines, &self->alloc, 0);
  sip_buffer_init(&self->plain, &self->alloc, 0);
  sip_buffer_init(&self->date, &self->alloc, 0);
  self->date_at = 0;
  self->registration.texts = &self->texts;
  lua_getfield(L, 1, "flow_timer");
  self->flow_timer_s = (uint32_t)luaL_optinteger(L, -1, 0);
  lua_pop(L, 1);
  int error = bind_registrar_read_gruu(L, self);
  if (error) return bind_fail(L, error, NULL);
  bind_class_set(L, registrar_class);
  lua_getfield(L, 1, "domain");
  self->domain = bind_opt_str(L, -1);
  lua_setiuservalue(L, -2, REGISTRAR_DOMAIN);
  lua_getfield(L, 1, "service_route");
  lua_setiuservalue(L, -2, REGISTRAR_SERVICE_ROUTE);
  return 1;
}

static int registrar_gc(lua_State *L) {
  bind_registrar *self = bind_check_registrar(L, 1);
  sip_buffer_deinit(&self->texts);
  sip_buffer_deinit(&self->aor);
  sip_buffer_deinit(&self->lines);
  sip_buffer_deinit(&self->plain);
  sip_buffer_deinit(&self->date);
  sip_seal_deinit(&self->seal);
  return 0;
}

static bool to_of(const sip_message *m, sip_uri *uri) {
  sip_name_addr to;
  if (m->to == SIP_NO_HEADER) return false;
  if (sip_name_addr_parse(sip_message_value(m, &m->headers[m->to]), &to)) return false;
  *uri = to.uri;
  return true;
}

bool bind_registrar_uri(lua_State *L, int index, sip_uri *uri) {
  if (bind_class_test(L, index, bind_message_class)) {
    return to_of(bind_check_message(L, index, NULL), uri);
  }
  if (bind_class_test(L, index, bind_address_class)) {
    *uri = bind_check_name_addr(L, index)->uri;
    return true;
  }
  return sip_uri_parse(bind_check_uri_text(L, index, "uri"), uri, NULL) == 0;
}

static bool write_aor(bind_registrar *self, const sip_uri *uri, sip_str *aor) {
  sip_buffer_clear(&self->aor);
  if (sip_aor_write(uri, self->domain, &self->aor)) return false;
  *aor = sip_buffer_str(&self->aor);
  return true;
}

bool bind_registrar_aor(lua_State *L, int index, bind_registrar *self, sip_str *aor) {
  sip_uri uri;
  return bind_registrar_uri(L, index, &uri) && write_aor(self, &uri, aor);
}

bool bind_registrar_aor_of(bind_registrar *self, const sip_message *message, sip_str *aor) {
  sip_uri uri;
  return to_of(message, &uri) && write_aor(self, &uri, aor);
}

bool bind_registrar_fits(const sip_message *message) {
  sip_uri asked, to;
  if (sip_message_request_uri(message, &asked) || !to_of(message, &to)) return false;
  bool is_aor = to.scheme == SIP_SCHEME_SIP || to.scheme == SIP_SCHEME_SIPS;
  return !is_aor || sip_host_equal(asked.host, to.host);
}

/* registrar:fits(REGISTER) -> whether its To is at the domain that it asks; one that is at
 * none is refused by what looks for an address of record there */
static int registrar_fits(lua_State *L) {
  bind_check_registrar(L, 1);
  lua_pushboolean(L, bind_registrar_fits(bind_check_message(L, 2, NULL)));
  return 1;
}

/* registrar:aor(uri, address, text, or REGISTER) -> "user@host", or nil */
static int registrar_aor(lua_State *L) {
  sip_str aor;
  if (!bind_registrar_aor(L, 2, bind_check_registrar(L, 1), &aor)) return 0;
  bind_push_str(L, aor);
  return 1;
}

void bind_registrar_open(lua_State *L) {
  bind_class_open(L, registrar_class);
  lua_pushcfunction(L, registrar_gc);
  lua_setfield(L, -2, "__gc");
  lua_newtable(L);
  lua_pushcfunction(L, registrar_aor);
  lua_setfield(L, -2, "aor");
  lua_pushcfunction(L, registrar_fits);
  lua_setfield(L, -2, "fits");
  luaL_setfuncs(L, bind_registrar_serve_methods, 0);
  luaL_setfuncs(L, bind_registrar_answer_methods, 0);
  luaL_setfuncs(L, bind_registrar_gruu_methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, registrar_new);
  lua_setfield(L, -2, "registrar");
}
