/* SPDX-License-Identifier: MIT
 *
 * Headers of WAV files that grow: write one for no data first, append data, and write
 * the header again over the first whenever the file shall be readable as it is, each
 * second for a recording that may be killed.
 */
#ifndef MOONSIP_AUDIO_WAV_WRITER_H
#define MOONSIP_AUDIO_WAV_WRITER_H

#include <stddef.h>

#include "audio/wav.h"

enum { AUDIO_WAV_HEADER_MAX = 58 };

/* Bytes of a header for such data: 44, or 58 for A-law and mu-law, which owe a fact
 * chunk. 0 for a format that cannot be: no channel, more than 32, a rate out of bounds. */
size_t audio_wav_header_size(const audio_wav_format *format);

/* The header of a file with so many bytes of data, into AUDIO_WAV_HEADER_MAX bytes; its
 * size. When the data are an odd number, a byte of padding is owed after the last. 0 for
 * such a format, and for more data than audio_wav_data_max. */
size_t audio_wav_header_write(const audio_wav_format *format, uint64_t data, uint8_t *out);

/* Most bytes of data: lengths have 32 bits, and the file's counts the header in. */
uint64_t audio_wav_data_max(const audio_wav_format *format);

#endif
