/* SPDX-License-Identifier: MIT
 *
 * A sound file on its way to be a clip: read, converted and encoded, off the media thread
 * and off the main one too where there is a pool of threads for it.
 */
#ifndef MOONSIP_MEDIA_LOAD_H
#define MOONSIP_MEDIA_LOAD_H

#include "audio/clip.h"
#include "base/list.h"

enum {
  MEDIA_LOAD_WANTED = 16,
  MEDIA_LOAD_TEXT = 200,
};

typedef struct media_load {
  sip_link link; /* of whoever holds it */
  void *owner;   /* who waits for it */
  audio_rendering wanted[MEDIA_LOAD_WANTED];
  size_t count;
  audio_clip *clip;   /* set before: that one, with more renditions; a reference of ours */
  int error;          /* 0, a negative system error, SIP_E_AUDIO, SIP_E_MEMORY or SIP_E_LIMIT */
  int64_t changed_at; /* ns, of the file that was read */
  uint64_t bytes;
  char text[MEDIA_LOAD_TEXT]; /* what is wrong, for people */
  char path[];
} media_load;

/* NULL without memory. */
media_load *media_load_new(sip_str path);
void media_load_free(media_load *job);

/* Any thread: fills in clip, or error and text. */
void media_load_run(media_load *job);

/* Size and time of change of a file; 0 or a negative system error. */
int media_load_look(const char *path, int64_t *changed_at, uint64_t *bytes);

#endif
