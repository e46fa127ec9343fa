/* SPDX-License-Identifier: MIT
 *
 * The look-up compares one name only: length and one letter tell the fourteen apart.
 */
#include "sip/method.h"

static const sip_str names[SIP_METHOD_COUNT] = {[SIP_METHOD_EXTENSION] = {"", 0},
#define X(name) [SIP_METHOD_##name] = {#name, sizeof #name - 1},
                                                SIP_METHODS(X)
#undef X
};

static sip_method candidate(sip_str token) {
  switch (token.len) {
  case 3:
    return token.ptr[0] == 'A' ? SIP_METHOD_ACK : SIP_METHOD_BYE;
  case 4:
    return SIP_METHOD_INFO;
  case 5:
    return token.ptr[0] == 'P' ? SIP_METHOD_PRACK : SIP_METHOD_REFER;
  case 6:
    switch (token.ptr[0]) {
    case 'I':
      return SIP_METHOD_INVITE;
    case 'C':
      return SIP_METHOD_CANCEL;
    case 'N':
      return SIP_METHOD_NOTIFY;
    default:
      return SIP_METHOD_UPDATE;
    }
  case 7:
    switch (token.ptr[0]) {
    case 'O':
      return SIP_METHOD_OPTIONS;
    case 'P':
      return SIP_METHOD_PUBLISH;
    default:
      return SIP_METHOD_MESSAGE;
    }
  case 8:
    return SIP_METHOD_REGISTER;
  case 9:
    return SIP_METHOD_SUBSCRIBE;
  default:
    return SIP_METHOD_EXTENSION;
  }
}

sip_method sip_method_parse(sip_str token) {
  sip_method method = candidate(token);
  return sip_str_equal(token, names[method]) ? method : SIP_METHOD_EXTENSION;
}

sip_str sip_method_name(sip_method method) {
  return names[method];
}
