/* SPDX-License-Identifier: MIT
 *
 * G722 (ITU-T G.722, RFC 3551 4.5.2) through spandsp: 16 kHz at 64 kbit/s, under an RTP
 * clock of 8 kHz for historical reasons.
 */
#ifndef MOONSIP_AUDIO_G722_H
#define MOONSIP_AUDIO_G722_H

#include "audio/codec.h"

/* Only where it was found when building (HAVE_SPANDSP). */
extern const audio_codec audio_codec_g722;

#endif
