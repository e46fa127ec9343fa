/* SPDX-License-Identifier: MIT
 *
 * An address of record as what bindings are found by (RFC 3261 10.3 step 5): "user@host",
 * escapes undone, without password, port, parameters and headers, the host in lower
 * case. sip and sips are one (RFC 5630 5.2).
 */
#ifndef MOONSIP_LOCATION_AOR_H
#define MOONSIP_LOCATION_AOR_H

#include "base/buffer.h"
#include "sip/uri.h"

enum { SIP_AOR_MAX = 255 }; /* bytes; a longer one is nobody's */

/* domain: stands for whatever host the URI has, or empty. 0, SIP_E_URI for another
 * scheme and for control bytes behind escapes, SIP_E_LIMIT past SIP_AOR_MAX. */
int sip_aor_write(const sip_uri *uri, sip_str domain, sip_buffer *out);

#endif
