/* SPDX-License-Identifier: MIT
 *
 * Thousands of sessions do not fit into a core's cache: each frame would wait for memory a
 * dozen times. So what the next sessions will need is sent for while one is at work: three
 * turns ahead the session itself, two ahead what it points to, one ahead what that points
 * to, so that each step follows pointers that the one before has brought in.
 */
#ifndef MOONSIP_MEDIA_LOOKAHEAD_H
#define MOONSIP_MEDIA_LOOKAHEAD_H

#include "media/session.h"

/* The party at `link` of that bucket is about to have its frame. */
void media_look_ahead(const sip_link *bucket, const sip_link *link);

/* The party at `link` is about to be asked for its packets. */
void media_fetch_sockets(const sip_link *bucket, const sip_link *link);

/* The steps, of what a packet that comes will need. */
void media_fetch_session(const media_session *session);
void media_fetch_settings(const media_session *session);
void media_fetch_voice(const media_session *session);

#endif
