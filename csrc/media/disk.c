/* SPDX-License-Identifier: MIT
 *
 * The lock is held only while lists change hands: a slow disk keeps nobody from adding.
 */
#include "media/disk.h"

#include <uv.h>

#include "base/error.h"

enum { WRITE_MS = 200 };

struct media_disk {
  sip_alloc *alloc;
  void (*told)(void *context);
  void *context;
  uv_thread_t thread;
  uv_mutex_t lock;
  uv_cond_t changed;
  sip_link added;    /* by the main thread, not seen yet */
  sip_link active;   /* the disk thread's own */
  sip_link finished; /* for the main thread */
  bool is_urgent;    /* one is to be finished: no waiting */
  bool is_stopped;
};

static void move_all(sip_link *from, sip_link *to) {
  while (!sip_link_alone(from)) {
    sip_link *link = from->next;
    sip_link_remove(link);
    sip_link_append(to, link);
  }
}

/* Writes what each has; those that are over go to the list. */
static bool write_all(media_disk *disk, sip_link *over) {
  sip_link *head = &disk->active;
  for (sip_link *link = head->next, *next; link != head; link = next) {
    next = link->next;
    media_recorder *recorder = SIP_CONTAINER(link, media_recorder, link);
    uv_mutex_lock(&disk->lock);
    bool is_over = recorder->is_asked_to_end;
    uv_mutex_unlock(&disk->lock);
    recorder->is_over = is_over;
    media_recorder_write(recorder);
    if (!is_over) continue;
    sip_link_remove(link);
    sip_link_append(over, link);
  }
  return !sip_link_alone(over);
}

static void run(void *argument) {
  media_disk *disk = argument;
  sip_link over;
  sip_link_init(&over);
  bool goes_on = true;
  while (goes_on) {
    uv_mutex_lock(&disk->lock);
    bool has_work = !sip_link_alone(&disk->active) || !sip_link_alone(&disk->added);
    if (!disk->is_stopped && !disk->is_urgent) {
      if (has_work) {
        uv_cond_timedwait(&disk->changed, &disk->lock, WRITE_MS * UINT64_C(1000000));
      } else {
        uv_cond_wait(&disk->changed, &disk->lock);
      }
    }
    disk->is_urgent = false;
    goes_on = !disk->is_stopped;
    move_all(&disk->added, &disk->active);
    uv_mutex_unlock(&disk->lock);
    if (!write_all(disk, &over)) continue;
    uv_mutex_lock(&disk->lock);
    move_all(&over, &disk->finished);
    uv_mutex_unlock(&disk->lock);
    disk->told(disk->context);
  }
}

int media_disk_new(sip_alloc *alloc, void (*finished)(void *context), void *context,
                   media_disk **out) {
  media_disk *disk = sip_alloc_zero(alloc, sizeof *disk);
  if (!disk) return SIP_E_MEMORY;
  disk->alloc = alloc;
  disk->told = finished;
  disk->context = context;
  sip_link_init(&disk->added);
  sip_link_init(&disk->active);
  sip_link_init(&disk->finished);
  int error = uv_mutex_init(&disk->lock);
  if (!error) error = uv_cond_init(&disk->changed);
  if (!error) error = uv_thread_create(&disk->thread, run, disk);
  if (error) {
    sip_alloc_free(alloc, disk, sizeof *disk);
    return error;
  }
  *out = disk;
  return 0;
}

void media_disk_free(media_disk *disk) {
  if (!disk) return;
  uv_mutex_lock(&disk->lock);
  disk->is_stopped = true;
  uv_cond_signal(&disk->changed);
  uv_mutex_unlock(&disk->lock);
  uv_thread_join(&disk->thread);
  uv_cond_destroy(&disk->changed);
  uv_mutex_destroy(&disk->lock);
  sip_alloc_free(disk->alloc, disk, sizeof *disk);
}

void media_disk_add(media_disk *disk, media_recorder *recorder) {
  uv_mutex_lock(&disk->lock);
  sip_link_append(&disk->added, &recorder->link);
  uv_cond_signal(&disk->changed);
  uv_mutex_unlock(&disk->lock);
}

void media_disk_finish(media_disk *disk, media_recorder *recorder, uint64_t trim_ms) {
  uv_mutex_lock(&disk->lock);
  recorder->trim_ms = trim_ms;
  recorder->is_asked_to_end = disk->is_urgent = true;
  uv_cond_signal(&disk->changed);
  uv_mutex_unlock(&disk->lock);
}

media_recorder *media_disk_finished(media_disk *disk) {
  media_recorder *recorder = NULL;
  uv_mutex_lock(&disk->lock);
  if (!sip_link_alone(&disk->finished)) {
    recorder = SIP_CONTAINER(disk->finished.next, media_recorder, link);
    sip_link_remove(&recorder->link);
  }
  uv_mutex_unlock(&disk->lock);
  return recorder;
}
