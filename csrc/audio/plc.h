/* SPDX-License-Identifier: MIT
 *
 * Loss concealment for codecs that have none (in the manner of ITU-T G.711 Appendix I):
 * the last pitch periods are repeated, more of them as the gap grows, and faded to
 * silence within 60 ms. What comes after the gap is blended in.
 */
#ifndef MOONSIP_AUDIO_PLC_H
#define MOONSIP_AUDIO_PLC_H

#include "audio/sample.h"

typedef struct audio_plc audio_plc;

/* Bytes of the block, for 8000 to 48000 Hz. */
size_t audio_plc_size(uint32_t rate);
audio_plc *audio_plc_init(void *block, uint32_t rate);

/* Samples that came, before they are played. After a gap their beginning is changed;
 * nothing is delayed. */
void audio_plc_receive(audio_plc *plc, int16_t *samples, size_t count);

/* Samples in the place of lost ones. */
void audio_plc_conceal(audio_plc *plc, int16_t *out, size_t count);

#endif
