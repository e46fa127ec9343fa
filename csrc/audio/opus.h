/* SPDX-License-Identifier: MIT
 *
 * opus (RFC 6716, RFC 7587) through libopus: mono at 8, 12, 16, 24 or 48 kHz without a
 * resampler of ours, though rtpmap says opus/48000/2 and the RTP clock 48 kHz.
 */
#ifndef MOONSIP_AUDIO_OPUS_H
#define MOONSIP_AUDIO_OPUS_H

#include "audio/codec.h"

/* Only where it was found when building (HAVE_OPUS). */
extern const audio_codec audio_codec_opus;

#endif
