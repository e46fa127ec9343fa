/* SPDX-License-Identifier: MIT
 *
 * Via (RFC 3261 20.42, RFC 3581).
 */
#ifndef MOONSIP_SIP_VIA_H
#define MOONSIP_SIP_VIA_H

#include "sip/param.h"
#include "sip/transport.h"

typedef struct sip_via {
  sip_str text;
  sip_transport transport;
  sip_str transport_text;
  sip_str sent_by; /* host and port as written */
  sip_str host;    /* an IPv6 reference with its brackets */
  uint16_t port;   /* 0 when absent */
  sip_str params;  /* with the first ";", or empty */
  sip_str branch;  /* empty when absent */
  sip_str received;
  sip_str maddr;
  uint16_t rport; /* its value, 0 when absent or without one */
  bool has_rport;
} sip_via;

#define SIP_BRANCH_COOKIE "z9hG4bK" /* 8.1.1.7 */

/* One value. 0, SIP_E_HEADER, SIP_E_VERSION or SIP_E_NUMBER. After an error
 * sent_by.len > 0 says that protocol and sent-by were sound, and that what was
 * read of the parameters is there: enough to send a response to. */
int sip_via_parse(sip_str value, sip_via *out);

/* The same at a cursor: stops at the end or in front of a comma. */
int sip_scan_via(sip_scan *scan, sip_via *out);

/* The branch begins with the magic cookie (8.1.1.7). */
bool sip_branch_is_rfc3261(sip_str branch);

/* The value with what the server transport adds to it (18.2.1, RFC 3581 4): received and
 * rport, of the address that it came from. Those that the peer sent itself are replaced. */
void sip_via_write_received(const sip_via *via, const sip_sockaddr *source, uint32_t keep_s,
                            sip_buffer *out);

/* Where a response to this top Via goes (18.2.2, RFC 3581 4): host (received,
 * maddr or sent-by) and port. False when the host is a name that must be resolved. */
bool sip_via_response_target(const sip_via *via, sip_sockaddr *out, sip_str *host);

#endif
