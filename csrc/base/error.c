/* SPDX-License-Identifier: MIT
 *
 * Names and texts of the list in error.h.
 */
#include "base/error.h"

static const struct row {
  const char *name, *kind, *text;
} rows[] = {
#define X(name, kind, text) {#name, kind, text},
    SIP_ERRORS(X)
#undef X
};

static const struct row unknown = {"UNKNOWN", "error", "unknown error"};

static const struct row *row_of(int error) {
  if (error <= SIP_E_FIRST || error >= SIP_E_END) return &unknown;
  return &rows[error - SIP_E_FIRST - 1];
}

const char *sip_error_name(int error) {
  return row_of(error)->name;
}

const char *sip_error_kind(int error) {
  return row_of(error)->kind;
}

const char *sip_error_text(int error) {
  return row_of(error)->text;
}
