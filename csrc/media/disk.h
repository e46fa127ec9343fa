/* SPDX-License-Identifier: MIT
 *
 * A thread that writes recordings, so that neither the media thread nor a script ever
 * waits for a file. The main thread adds and finishes recorders; it takes them back when
 * all is written.
 */
#ifndef MOONSIP_MEDIA_DISK_H
#define MOONSIP_MEDIA_DISK_H

#include "media/recorder.h"

typedef struct media_disk media_disk;

/* `finished` is called on the disk's thread when one has been written to its end. 0,
 * SIP_E_MEMORY or a negative system error. */
int media_disk_new(sip_alloc *alloc, void (*finished)(void *context), void *context,
                   media_disk **out);
/* Those that were not finished are as far written as they came. */
void media_disk_free(media_disk *disk);

void media_disk_add(media_disk *disk, media_recorder *recorder);
void media_disk_finish(media_disk *disk, media_recorder *recorder, uint64_t trim_ms);
/* One that was written to its end, or NULL. */
media_recorder *media_disk_finished(media_disk *disk);

#endif
