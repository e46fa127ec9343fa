/* SPDX-License-Identifier: MIT
 *
 * A file that is being read outlives whoever waits for it: the pool cannot be told to let
 * go of it.
 */
#include "media/reader.h"

#include <stdlib.h>
#include <uv.h>

#include "base/error.h"

typedef struct reading {
  uv_work_t work; /* first */
  sip_link link;
  media_reader *reader; /* NULL: nobody waits any more */
  media_load *job;
} reading;

void media_reader_init(media_reader *reader, uv_loop_t *uv, void (*done)(void *context),
                       void *context) {
  *reader = (media_reader){.uv = uv, .done = done, .context = context};
  sip_link_init(&reader->reading);
  sip_link_init(&reader->read);
}

void media_reader_deinit(media_reader *reader) {
  media_load *job;
  while (!sip_link_alone(&reader->reading)) {
    reading *one = SIP_CONTAINER(reader->reading.next, reading, link);
    sip_link_remove(&one->link);
    one->reader = NULL;
  }
  while ((job = media_reader_next(reader)) != NULL) media_load_free(job);
}

static void on_pool(uv_work_t *work) {
  media_load_run(((reading *)(void *)work)->job);
}

static void on_loop(uv_work_t *work, int status) {
  reading *one = (reading *)(void *)work;
  (void)status;
  if (one->reader) {
    sip_link_remove(&one->link);
    sip_link_append(&one->reader->read, &one->job->link);
    one->reader->done(one->reader->context);
  } else {
    media_load_free(one->job);
  }
  free(one);
}

int media_reader_start(media_reader *reader, media_load *job) {
  reading *one = calloc(1, sizeof *one);
  if (!one) return SIP_E_MEMORY;
  one->reader = reader;
  one->job = job;
  sip_link_init(&one->link);
  int error = uv_queue_work(reader->uv, &one->work, on_pool, on_loop);
  if (error) {
    free(one);
    return error;
  }
  sip_link_append(&reader->reading, &one->link);
  return 0;
}

media_load *media_reader_next(media_reader *reader) {
  if (sip_link_alone(&reader->read)) return NULL;
  media_load *job = SIP_CONTAINER(reader->read.next, media_load, link);
  sip_link_remove(&job->link);
  return job;
}

bool media_reader_is_busy(const media_reader *reader) {
  return !sip_link_alone(&reader->reading) || !sip_link_alone(&reader->read);
}
