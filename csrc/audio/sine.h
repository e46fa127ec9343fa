/* SPDX-License-Identifier: MIT
 *
 * A sine from a table, so that a sample costs a multiplication and never drifts.
 */
#ifndef MOONSIP_AUDIO_SINE_H
#define MOONSIP_AUDIO_SINE_H

#include "audio/sample.h"

/* Phase: a turn is 2^32. Value: 2^15 - 1 is 1. Off by less than 1/16000. */
int16_t audio_sine(uint32_t phase);

/* How far a frequency turns in a sample. */
uint32_t audio_sine_step(double hz, uint32_t rate);

#endif
