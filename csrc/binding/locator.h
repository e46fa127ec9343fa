/* SPDX-License-Identifier: MIT
 *
 * Records of the DNS and queries of engines, between C and Lua.
 */
#ifndef MOONSIP_BINDING_LOCATOR_H
#define MOONSIP_BINDING_LOCATOR_H

#include "binding/binding.h"
#include "sip/locator.h"

/* "A", "SRV" or "NAPTR", or a Lua error. */
sip_dns_type bind_check_dns_type(lua_State *L, int index);

/* Pushes a list: of IP addresses, of { priority, weight, port, target }, or of { order,
 * preference, flags, service, regexp, replacement }. */
void bind_push_records(lua_State *L, const sip_dns_answer *answer);

/* host, port or nil, transport or nil, secure, steady: from `index` on. */
void bind_check_query(lua_State *L, int index, sip_query *query);
void bind_push_query(lua_State *L, const sip_query *query);

#endif
