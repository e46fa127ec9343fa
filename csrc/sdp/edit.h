/* SPDX-License-Identifier: MIT
 *
 * Changes to a session description that leave every other byte as it was. Each
 * one writes the whole new text to a buffer; parse that to go on. `media` NULL is
 * the session level. The new text is checked first: SIP_E_INJECTION for CR, LF or
 * NUL, SIP_E_INVALID for what fits nowhere; SIP_E_STATE after a parse error.
 */
#ifndef MOONSIP_SDP_EDIT_H
#define MOONSIP_SDP_EDIT_H

#include "sdp/session.h"

/* One line of a letter takes the place of all of that letter in the section, where
 * the first stood, or else where RFC 8866 5 wants it; value.ptr NULL removes them.
 * For any letter but "a". */
int sdp_edit_line(const sdp_session *session, const sdp_media *media, char type, sip_str value,
                  sip_buffer *out);

/* An attribute with these values takes the place of all of that name; value.ptr NULL
 * is one without value, no values remove it. New ones come last in the section. */
int sdp_edit_attribute(const sdp_session *session, const sdp_media *media, sip_str name,
                       const sip_str *values, size_t count, sip_buffer *out);
/* One more, behind the last of that name, or else last in the section. */
int sdp_edit_add_attribute(const sdp_session *session, const sdp_media *media, sip_str name,
                           sip_str value, sip_buffer *out);

int sdp_edit_direction(const sdp_session *session, const sdp_media *media, sdp_direction direction,
                       sip_buffer *out);
/* An IP address or a name; the section gets a c= line of its own. */
int sdp_edit_address(const sdp_session *session, const sdp_media *media, sip_str address,
                     sip_buffer *out);
int sdp_edit_port(const sdp_session *session, const sdp_media *media, uint16_t port,
                  sip_buffer *out);

/* The formats with these indices (of the medium's) remain, in that order; rtpmap, fmtp
 * and rtcp-fb of the others go with them. SIP_E_INVALID when none remains, for an
 * index out of range, or twice the same. */
int sdp_edit_formats(const sdp_session *session, const sdp_media *media, const uint16_t *order,
                     size_t count, sip_buffer *out);

#endif
