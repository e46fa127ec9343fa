/* SPDX-License-Identifier: MIT
 *
 * The version in o= (RFC 3264 8, RFC 6337 5.2.5): it goes up by one when a
 * description of ours differs from the last, stays when it is the same, and
 * nothing else of o= ever changes. Texts here are sound descriptions.
 */
#ifndef MOONSIP_SDP_REVISION_H
#define MOONSIP_SDP_REVISION_H

#include "sdp/session.h"

/* The o= line that follows the one of `sent`, with its line end. 0, or SIP_E_NUMBER
 * for a version that is no number below 2^63 - 1. */
int sdp_revision_write_next(sip_str sent, sip_buffer *out);

/* What was written to `out` from that byte on as the next after `sent` becomes `sent`
 * again when only the version is new. sent NULL: nothing to do. 0 or SIP_E_MEMORY. */
int sdp_revision_settle(const sdp_session *sent, size_t from, sip_buffer *out);

/* A description that a script made or changed, as the next one after `sent`: with
 * its o=, and its version or the next. 0, SIP_E_NUMBER or SIP_E_MEMORY. */
int sdp_revise(sip_str text, sip_str sent, sip_buffer *out);

#endif
