/* SPDX-License-Identifier: MIT
 *
 * Which list a code is of follows from its number.
 */
#include "net/error.h"

#include <stdbool.h>
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
