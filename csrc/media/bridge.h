/* SPDX-License-Identifier: MIT
 *
 * A bridge: two sessions, each of which hears the other. With the same codec their
 * packets pass as they are; else, or while more than the other is to be heard, audio is
 * decoded and encoded. Digits are taken out and made anew, so that each crosses once.
 */
#ifndef MOONSIP_MEDIA_BRIDGE_H
#define MOONSIP_MEDIA_BRIDGE_H

#include "media/session.h"

/* Both leave what they were in. */
void media_bridge(media_session *a, media_session *b, uint32_t flags);
/* Out of the bridge or conference. */
void media_leave(media_session *session);

/* Of a session in a bridge; all of these do nothing without one. */

/* A packet came to `session`: true when it was sent on to the other. */
bool media_bridge_passes(media_session *session, const rtp_packet *packet);
/* One that is not sent on. */
void media_bridge_swallow(media_session *session, const rtp_packet *packet);
/* Somebody needs what `session` hears as samples. */
bool media_bridge_wants_in(const media_session *session);
/* What the other said; *passes instead, unless it is NULL, when its packets do. */
bool media_bridge_say(media_session *session, media_frame *frame, bool *passes);
void media_bridge_set_passing(media_session *session, bool passes);
void media_bridge_digit(media_session *session, char digit, media_digit_way way);
void media_bridge_digit_end(media_session *session);

#endif
