/* SPDX-License-Identifier: MIT
 *
 * The file is read as a whole: a prompt is short, and an hour of it is the limit.
 */
#include "media/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/clip_load.h"
#include "base/error.h"

enum { FILE_MAX = 1 << 30 /* bytes */ };

media_load *media_load_new(sip_str path) {
  media_load *job = calloc(1, sizeof(media_load) + path.len + 1);
  if (!job) return NULL;
  sip_link_init(&job->link);
  memcpy(job->path, path.ptr, path.len);
  return job;
}

void media_load_free(media_load *job) {
  if (!job) return;
  audio_clip_unref(job->clip);
  free(job);
}

static void note(const struct stat *info, int64_t *changed_at, uint64_t *bytes) {
  *changed_at = (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
  *bytes = (uint64_t)info->st_size;
}

int media_load_look(const char *path, int64_t *changed_at, uint64_t *bytes) {
  struct stat info;
  if (stat(path, &info) < 0) return -errno;
  note(&info, changed_at, bytes);
  return 0;
}

static void fail(media_load *job, int error, const char *text) {
  job->error = error;
  snprintf(job->text, sizeof job->text, "%.120s: %.60s", job->path, text);
}

static bool read_all(int fd, char *to, size_t len) {
  while (len > 0) {
    ssize_t got = read(fd, to, len);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got;
    len -= (size_t)got;
  }
  return true;
}

static void parse(media_load *job, sip_str bytes) {
  audio_load load = {0};
  audio_load_error error = {0};
  job->clip = audio_clip_load(bytes, &load, &error);
  if (!job->clip) fail(job, error.code, error.what);
}

static void read_file(media_load *job, int fd) {
  struct stat info;
  if (fstat(fd, &info) < 0) {
    fail(job, -errno, strerror(errno));
    return;
  }
  note(&info, &job->changed_at, &job->bytes);
  if (!S_ISREG(info.st_mode)) {
    fail(job, -EISDIR, "not a file");
    return;
  }
  if (job->bytes > FILE_MAX) {
    fail(job, SIP_E_LIMIT, "larger than a gigabyte");
    return;
  }
  char *bytes = malloc(job->bytes + 1);
  if (!bytes) {
    fail(job, SIP_E_MEMORY, "out of memory");
  } else if (!read_all(fd, bytes, job->bytes)) {
    fail(job, -EIO, "could not be read");
  } else {
    parse(job, sip_str_make(bytes, job->bytes));
  }
  free(bytes);
}

static void render(media_load *job) {
  for (size_t i = 0; i < job->count; i++) {
    if (!audio_clip_render(job->clip, &job->wanted[i])) fail(job, SIP_E_MEMORY, "out of memory");
  }
}

void media_load_run(media_load *job) {
  if (!job->clip) {
    int fd = open(job->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      fail(job, -errno, strerror(errno));
      return;
    }
    read_file(job, fd);
    close(fd);
  }
  if (job->clip && !job->error) render(job);
}
