/* SPDX-License-Identifier: MIT
 *
 * Which list a code is of follows from its number.
 */
#include "net/error.h"

#include <stdbool.h>
#include <string.h>
#include <uv.h>

#include "base/error.h"

static bool is_of_system(int error) {
  return error < 0 && (error <= SIP_E_FIRST || error >= SIP_E_END);
}

const char *net_error_name(int error) {
#define X(name, text) \
  if (error == UV_##name) return #name;
  UV_ERRNO_MAP(X)
#undef X
  return sip_error_name(error);
}

int net_error_code(const char *name) {
#define X(known, text) \
  if (strcmp(name, #known) == 0) return UV_##known;
  UV_ERRNO_MAP(X)
#undef X
  for (int code = SIP_E_FIRST + 1; code < SIP_E_END; code++) {
    if (strcmp(name, sip_error_name(code)) == 0) return code;
  }
  return SIP_E_TRANSPORT;
}

const char *net_error_kind(int error) {
  return is_of_system(error) ? "io" : sip_error_kind(error);
}

const char *net_error_text(int error) {
#define X(name, text) \
  if (error == UV_##name) return text;
  UV_ERRNO_MAP(X)
#undef X
  return is_of_system(error) ? "system error" : sip_error_text(error);
}
