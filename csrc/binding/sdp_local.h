/* SPDX-License-Identifier: MIT
 *
 * The options table of core.sdp_offer and core.sdp_answer as what the core takes.
 */
#ifndef MOONSIP_BINDING_SDP_LOCAL_H
#define MOONSIP_BINDING_SDP_LOCAL_H

#include "binding/sdp.h"
#include "sdp/local.h"

/* The table at the index: username, id, version, address, media = { { type, proto,
 * address, port, rtcp_port, rtcp_mux, direction, ptime, maxptime, codecs = { { name,
 * rate, channels, payload_type, fmtp } } } }. Raises for what has the wrong type.
 * Its arrays are pushed; its strings are those of the tables, which must stay. */
void bind_check_local(lua_State *L, int index, sdp_local *out);

/* A boolean field of the table at the index; false when absent. */
bool bind_get_flag(lua_State *L, int index, const char *name);

#endif
