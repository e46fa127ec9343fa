/* SPDX-License-Identifier: MIT
 *
 * A source has one place for each reason, by its hash. Who comes second is counted with
 * the others, so that adding costs the same whatever comes.
 */
#include "guard/report.h"

bool guard_report_add(guard_report *report, uint64_t tag, const sip_sockaddr *address,
                      guard_reason reason) {
  guard_offender *one = &report->offenders[(tag + reason) % GUARD_OFFENDERS];
  if (one->address.family == 0) {
    *one = (guard_offender){.address = *address, .reason = reason, .count = 1};
    return true;
  }
  if (one->reason == reason && sip_sockaddr_equal_ip(&one->address, address)) {
    one->count++;
  } else {
    report->others++;
  }
  return false;
}

const char *guard_reason_name(guard_reason reason) {
  static const char *const names[] = {
      [GUARD_DENIED] = "denied",   [GUARD_BANNED] = "banned", [GUARD_RATE] = "rate",
      [GUARD_SCANNER] = "scanner", [GUARD_USER] = "user",     [GUARD_SHED] = "shed"};
  return names[reason];
}
