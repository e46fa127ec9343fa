/* SPDX-License-Identifier: MIT
 *
 * Contacts of the location service as Lua tables.
 */
#ifndef MOONSIP_BINDING_CONTACT_H
#define MOONSIP_BINDING_CONTACT_H

#include "binding/binding.h"
#include "location/contact.h"

/* Pushes { uri, q, expires, expires_at, call_id, cseq } and, where there is such, path (a
 * list of routes), params, instance, reg_id, flow. Spans in seconds; the instant too, of
 * the clock that `now` is of. */
void bind_push_contact(lua_State *L, const sip_contact *contact, sip_time now);

/* Reads such a table but for its path and flow; its strings stay the table's. NULL, or
 * what is wrong with it. */
const char *bind_read_contact(lua_State *L, int index, sip_contact *contact);

#endif
