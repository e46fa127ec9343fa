/* SPDX-License-Identifier: MIT
 *
 * Reads a WAV file as its bytes come, in pieces of any size, into mono samples at the
 * file's rate. Chunks that are not known are passed over. A length that the writer could
 * not know when it wrote the header (0, from 0x7ffff000 on, or more than comes) is no
 * fault: then the data are what is there.
 */
#ifndef MOONSIP_AUDIO_WAV_READER_H
#define MOONSIP_AUDIO_WAV_READER_H

#include <stdbool.h>

#include "audio/sample.h"
#include "audio/wav.h"
#include "base/str.h"

enum { AUDIO_WAV_MIX = 0 }; /* all channels, averaged */

typedef struct audio_wav_reader {
  audio_wav_format format; /* once has_format */
  bool has_format;
  bool truncated;         /* after finish: the header promised more than came */
  int error;              /* SIP_E_AUDIO; it sticks */
  uint64_t error_at;      /* byte of the file */
  const char *error_what; /* for people: "no fmt chunk before the data" */
  uint64_t at;            /* bytes taken so far */
  /* The reader's own: */
  uint8_t state;
  bool endless;     /* the length of the data was not known to the writer */
  bool odd;         /* a byte of padding may follow the chunk */
  uint16_t channel; /* that is wanted */
  uint32_t frame;   /* bytes of a sample of all channels */
  uint64_t end;     /* of the file, as its header says; 0: it does not know */
  uint64_t left;    /* bytes of the chunk */
  uint32_t held;    /* bytes in `hold`: of an unfinished header or sample */
  uint8_t hold[AUDIO_WAV_FRAME_MAX];
} audio_wav_reader;

/* channel: AUDIO_WAV_MIX or 1 to the number of channels. */
void audio_wav_reader_init(audio_wav_reader *reader, uint16_t channel);

/* Takes from the front of `bytes` until it is empty, `room` samples are written, or
 * something is wrong. Samples written; look at `error` when it is 0. */
size_t audio_wav_reader_feed(audio_wav_reader *reader, sip_str *bytes, int16_t *out, size_t room);

/* The file has ended: 0, or SIP_E_AUDIO when that was before any data, or an error was
 * found. A sample that is cut off is dropped. */
int audio_wav_reader_finish(audio_wav_reader *reader);

#endif
