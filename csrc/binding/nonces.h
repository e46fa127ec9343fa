/* SPDX-License-Identifier: MIT
 *
 * core.nonces, for who checks credentials.
 */
#ifndef MOONSIP_BINDING_NONCES_H
#define MOONSIP_BINDING_NONCES_H

#include "auth/nonce.h"
#include "binding/binding.h"

/* The nonces at a stack index, or a Lua error. */
sip_nonces *bind_check_nonces(lua_State *L, int index);
/* Pushes "good", "stale", "replayed" or "forged". */
void bind_push_nonce_verdict(lua_State *L, sip_nonce_verdict verdict);

#endif
