/* SPDX-License-Identifier: MIT
 *
 * Status codes and their registered reason phrases (RFC 3261 21 and later).
 */
#ifndef MOONSIP_SIP_STATUS_H
#define MOONSIP_SIP_STATUS_H

#include "base/str.h"

enum { SIP_STATUS_MIN = 100, SIP_STATUS_MAX = 699 };

/* The registered phrase, or that of the class's x00 (RFC 3261 8.1.3.2). */
sip_str sip_status_reason(int status);

#endif
