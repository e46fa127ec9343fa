/* SPDX-License-Identifier: MIT
 *
 * Who was refused and why, summed up until somebody takes the report: a flood is one line,
 * not a million.
 */
#ifndef MOONSIP_GUARD_REPORT_H
#define MOONSIP_GUARD_REPORT_H

#include "base/sockaddr.h"

enum { GUARD_OFFENDERS = 16 };

typedef enum guard_reason {
  GUARD_DENIED,  /* its address is on the list */
  GUARD_BANNED,  /* its address is banned for a time */
  GUARD_RATE,    /* it has used up its limit */
  GUARD_SCANNER, /* its User-Agent is one that looks for victims */
  GUARD_USER,    /* whom it says it is has failed to prove that too often */
  GUARD_SHED,    /* there is too much to do; it was answered 503 */
  GUARD_REASONS
} guard_reason;

typedef struct guard_offender {
  sip_sockaddr address; /* of the last; family 0: the place is free */
  guard_reason reason;
  uint64_t count;
} guard_offender;

typedef struct guard_report {
  guard_offender offenders[GUARD_OFFENDERS];
  uint64_t others; /* whose place somebody else had */
} guard_report;

/* Another one of a source, whose hash is given. True when it is the first of the report. */
bool guard_report_add(guard_report *report, uint64_t tag, const sip_sockaddr *address,
                      guard_reason reason);

/* "denied", "rate" ... */
const char *guard_reason_name(guard_reason reason);

#endif
