/* SPDX-License-Identifier: MIT
 *
 * Thousands of sessions do not fit into a core's cache: each frame would wait for memory a
 * dozen times. So what the next sessions will need is sent for while one is at work.
 */
#ifndef MOONSIP_MEDIA_LOOKAHEAD_H
#define MOONSIP_MEDIA_LOOKAHEAD_H

#include "media/party.h"

/* The party at `link` of that bucket is about to have its frame. */
void media_look_ahead(const sip_link *bucket, const sip_link *link);

#endif
