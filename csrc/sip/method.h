/* SPDX-License-Identifier: MIT
 *
 * The fourteen methods as dense ids; any other token is an extension method
 * and keeps its spelling in the message (RFC 3261 7.1).
 */
#ifndef MOONSIP_SIP_METHOD_H
#define MOONSIP_SIP_METHOD_H

#include "base/str.h"

#define SIP_METHODS(X) \
  X(INVITE)            \
  X(ACK)               \
  X(BYE)               \
  X(CANCEL)            \
  X(REGISTER)          \
  X(OPTIONS)           \
  X(PRACK)             \
  X(SUBSCRIBE)         \
  X(NOTIFY)            \
  X(PUBLISH)           \
  X(INFO)              \
  X(REFER)             \
  X(MESSAGE)           \
  X(UPDATE)

typedef enum sip_method {
  SIP_METHOD_EXTENSION, /* a token that is none of the fourteen */
#define X(name) SIP_METHOD_##name,
  SIP_METHODS(X)
#undef X
      SIP_METHOD_COUNT
} sip_method;

/* Case-sensitive (RFC 3261 7.1). */
sip_method sip_method_parse(sip_str token);
/* "" for SIP_METHOD_EXTENSION. */
sip_str sip_method_name(sip_method method);

#endif
