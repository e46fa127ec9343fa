/* SPDX-License-Identifier: MIT
 *
 * A recording's way to its file: the world puts samples into a ring, somebody else writes
 * them out (media/disk). The two meet in the ring and in `error`, nowhere else.
 */
#ifndef MOONSIP_MEDIA_RECORDER_H
#define MOONSIP_MEDIA_RECORDER_H

#include <stdatomic.h>

#include "audio/wav_writer.h"
#include "base/alloc.h"
#include "base/list.h"
#include "media/ring.h"

enum { MEDIA_RECORDER_SECONDS = 4 /* that the disk may be late */ };

typedef struct media_recorder_config {
  const char *path;
  bool append; /* to a WAV of the same format */
  uint32_t rate;
  uint8_t channels; /* 1 or 2 */
  audio_wav_encoding encoding;
  uint64_t min_free; /* bytes that are left free on the disk, looked at every second */
} media_recorder_config;

typedef struct media_recorder {
  size_t size;   /* of the block */
  sip_link link; /* the disk's */
  void *owner;   /* for who waits for its end */
  audio_wav_format format;
  _Atomic int error;    /* of the file, negative; the recording ends */
  bool is_asked_to_end; /* the disk's, under its lock */
  bool is_over;         /* no more will come: write the rest, then it is done */
  uint64_t trim_ms;     /* at the end, not kept */
  int fd;
  uint64_t min_free;
  uint64_t data;        /* bytes of samples in the file */
  uint64_t header_data; /* as the header says */
  uint32_t begins_at;   /* where the data do */
  media_ring ring;      /* of samples, channels interleaved */
} media_recorder;

/* Opens the file and writes its header. 0, a negative system error, SIP_E_MEMORY, or
 * SIP_E_MEDIA for a file that cannot be appended to. */
int media_recorder_open(sip_alloc *alloc, const media_recorder_config *config,
                        media_recorder **out);
void media_recorder_free(sip_alloc *alloc, media_recorder *recorder); /* closes the file */

/* Off the media thread: writes what is there; the header too when it is a second behind,
 * or with `is_over` for the last time. An error sticks. */
void media_recorder_write(media_recorder *recorder);

/* What the file holds. */
uint64_t media_recorder_ms(const media_recorder *recorder);

#endif
