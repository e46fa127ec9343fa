/* SPDX-License-Identifier: MIT
 *
 * name-addr and addr-spec with parameters: From, To, Contact, Route,
 * Record-Route, Path, Refer-To, P-Asserted-Identity ... (RFC 3261 20.10, 25.1).
 */
#ifndef MOONSIP_SIP_NAME_ADDR_H
#define MOONSIP_SIP_NAME_ADDR_H

#include "sip/param.h"
#include "sip/uri.h"

typedef struct sip_name_addr {
  sip_str display; /* as it came, quotes kept; empty when none */
  sip_uri uri;
  sip_str params; /* header parameters, ";tag=..." with the first ";", or empty */
  sip_str tag;    /* of From and To; empty when absent */
  bool bracketed; /* uri was in <> */
  bool star;      /* the "*" of a Contact: nothing else is set */
} sip_name_addr;

/* One value; *out has meaning when it is 0. Without brackets, what follows ";" belongs to the
 * header (20);
 * "," and "?" in the URI then make it an error (RFC 8217). 0, SIP_E_HEADER or SIP_E_URI. */
int sip_name_addr_parse(sip_str value, sip_name_addr *out);

/* The same at a cursor: stops at the end or in front of a comma. */
int sip_scan_name_addr(sip_scan *scan, sip_name_addr *out);

/* The q of a Contact in thousandths, 1000 when absent; SIP_E_HEADER when malformed. */
int sip_name_addr_q(const sip_name_addr *address);

/* The expires of a Contact, or `otherwise` when it is absent. One that is no
 * number counts as 3600, one past 2^32-1 as that (10.2.1.1, 20.10). */
uint32_t sip_name_addr_expires(const sip_name_addr *address, uint32_t otherwise);

#endif
