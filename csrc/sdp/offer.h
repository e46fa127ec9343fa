/* SPDX-License-Identifier: MIT
 *
 * Offers (RFC 3264 5, 8).
 */
#ifndef MOONSIP_SDP_OFFER_H
#define MOONSIP_SDP_OFFER_H

#include "sdp/local.h"
#include "sdp/payloads.h"

typedef struct sdp_offering {
  const sdp_local *local;       /* its n-th medium is the n-th m= line */
  const sdp_session *sent;      /* our last description of this session, or NULL */
  const sdp_payloads *payloads; /* what its descriptions said, or NULL */
} sdp_offering;

/* Writes an offer. Later ones keep what RFC 3264 8 wants kept: every m= line that was
 * there (with port 0 when `local` has it no more), payload types, and o= but for its
 * version; when nothing changed the text is that of `sent`.
 * 0, SIP_E_INVALID or SIP_E_INJECTION (local), SIP_E_NUMBER (the version of sent),
 * SIP_E_SDP_LIMIT (payload types, m= lines), SIP_E_MEMORY. */
int sdp_offer_write(const sdp_offering *how, sip_buffer *out);

#endif
