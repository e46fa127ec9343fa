/* SPDX-License-Identifier: MIT
 *
 * Values separated by commas on one line (RFC 3261 7.3.1). A comma inside a
 * quoted string, angle brackets or a comment separates nothing.
 */
#ifndef MOONSIP_SIP_VALUES_H
#define MOONSIP_SIP_VALUES_H

#include "sip/header.h"

/* The next value at the front of *rest, without the space around it, which may be
 * empty ("a,,b"). `first`: nothing was taken from this line yet. False at the
 * end; a blank line has no values. *rest begins with the comma that follows. */
bool sip_values_next(sip_str *rest, sip_header_id id, bool first, sip_str *value);

#endif
