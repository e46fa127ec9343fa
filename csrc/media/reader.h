/* SPDX-License-Identifier: MIT
 *
 * Sound files read on libuv's pool of threads, so that neither a script nor the media
 * thread waits for them.
 */
#ifndef MOONSIP_MEDIA_READER_H
#define MOONSIP_MEDIA_READER_H

#include "media/load.h"

struct uv_loop_s;

typedef struct media_reader {
  struct uv_loop_s *uv;
  void (*done)(void *context); /* on the loop: a file was read */
  void *context;
  sip_link reading, read;
} media_reader;

void media_reader_init(media_reader *reader, struct uv_loop_s *uv, void (*done)(void *context),
                       void *context);
/* Files that are being read are left to themselves. */
void media_reader_deinit(media_reader *reader);

/* Takes the job over. 0, SIP_E_MEMORY or libuv's error; then it has not. */
int media_reader_start(media_reader *reader, media_load *job);
/* One that was read, or not, which it says itself; NULL for none. */
media_load *media_reader_next(media_reader *reader);
bool media_reader_is_busy(const media_reader *reader);

#endif
