/* SPDX-License-Identifier: MIT
 *
 * The class core.registrar from inside: what a registrar wants, and memory for one
 * REGISTER at a time.
 */
#ifndef MOONSIP_BINDING_REGISTRAR_H
#define MOONSIP_BINDING_REGISTRAR_H

#include "auth/seal.h"
#include "base/random.h"
#include "binding/binding.h"
#include "location/gruu.h"
#include "location/table.h"

/* User values of the registrar's userdata. */
enum { REGISTRAR_DOMAIN = 1, REGISTRAR_SERVICE_ROUTE, REGISTRAR_VALUES = REGISTRAR_SERVICE_ROUTE };

typedef struct bind_registrar {
  sip_registrar policy;
  sip_str domain; /* of every address of record, or empty; a user value keeps it */
  sip_alloc alloc;
  sip_buffer texts;
  sip_buffer aor;
  sip_buffer lines; /* of an answer */
  sip_buffer plain; /* what a temporary GRUU means */
  sip_buffer date;  /* the value of Date, for the second date_at */
  lua_Integer date_at;
  uint32_t flow_timer_s; /* of flows (RFC 5626 11.3); 0: none is said */
  bool gives_gruus;
  sip_seal seal; /* of temporary GRUUs */
  sip_random random;
  sip_registration registration;
  sip_update update;
} bind_registrar;

bind_registrar *bind_check_registrar(lua_State *L, int index);

/* The address of record that the value at the index means: a URI or address object, text,
 * or a REGISTER, whose To has it. False when it is none: nobody is registered there. */
bool bind_registrar_aor(lua_State *L, int index, bind_registrar *self, sip_str *aor);
bool bind_registrar_uri(lua_State *L, int index, sip_uri *uri);
/* That of a REGISTER. */
bool bind_registrar_aor_of(bind_registrar *self, const sip_message *message, sip_str *aor);

enum { BIND_REGISTRAR_OK = 200 };

/* Whether the To of the message is at the domain that its Request-URI names (10.3 step 5). */
bool bind_registrar_fits(const sip_message *message);

/* Reads the REGISTER at the index: 0 or the status of a refusal. */
int bind_registrar_read(lua_State *L, int index, bind_registrar *self);

/* Does what a REGISTER asks for to bindings in memory: likewise. */
typedef struct bind_saving {
  bind_registrar *registrar;
  int message; /* stack index */
  sip_location *location;
  sip_time now;
} bind_saving;
int bind_registrar_save(lua_State *L, const bind_saving *saving);

typedef struct bind_moment {
  sip_time now;
  lua_Integer date; /* seconds since 1970 */
} bind_moment;

/* Writes the header lines of the answer into `lines`; status: 0, or that of a refusal. The
 * registrar is at stack index 1. */
void bind_registrar_write(lua_State *L, bind_registrar *self, int status, const bind_moment *at);

/* Pushes a list { "registered", contact, ... } of what changed; nil when nothing did. */
void bind_registrar_push_changes(lua_State *L, const bind_registrar *self, sip_time now);

/* Reads the options gruu, secret and seed of the table at index 1. 0 or SIP_E_MEMORY. */
int bind_registrar_read_gruu(lua_State *L, bind_registrar *self);
/* Whether the answer to the REGISTER that was read last names GRUUs (RFC 5627 5.2). */
bool bind_registrar_shows_gruu(const bind_registrar *self);
/* The parameters of one contact, behind it in `lines`. */
void bind_registrar_add_gruu(bind_registrar *self, const sip_contact *contact, sip_time now);

/* registrar:serve; registrar:check, registrar:save, registrar:update */
extern const luaL_Reg bind_registrar_serve_methods[];
extern const luaL_Reg bind_registrar_answer_methods[];
/* registrar:gruu, registrar:device */
extern const luaL_Reg bind_registrar_gruu_methods[];

/* The open core.location at the index, or a Lua error. */
sip_location *bind_check_location(lua_State *L, int index);

#endif
