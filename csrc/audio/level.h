/* SPDX-License-Identifier: MIT
 *
 * How loud: dBov is relative to the overload point, a square wave of full scale (RFC
 * 6464 3, RFC 3389 3.1); dBm0 is the telephone network's, in which a sine of full scale
 * is +3.14 (ITU-T G.711 table 5, A-law).
 */
#ifndef MOONSIP_AUDIO_LEVEL_H
#define MOONSIP_AUDIO_LEVEL_H

#include "audio/sample.h"

enum { AUDIO_LEVEL_SILENT = 127 }; /* -dBov of digital silence */

/* Sum of the squares; exact for any frame. */
uint64_t audio_energy(audio_span frame);

/* Sum of the magnitudes. */
uint64_t audio_magnitude(audio_span frame);

/* -dBov, 0 (loudest) to 127: RFC 6464's level of a packet. */
uint8_t audio_level(audio_span frame);

/* -dBov of a mean square, given in 1/65536. */
uint8_t audio_level_of_power(uint64_t mean_square);

/* Peak amplitude of a sine of so many dBm0; at most full scale. For set-up. */
double audio_amplitude_of_dbm0(double dbm0);

/* Root mean square that is so many -dBov. For set-up. */
double audio_rms_of_level(uint8_t level);

#endif
