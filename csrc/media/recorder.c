/* SPDX-License-Identifier: MIT
 *
 * The file's half of a recording. The header goes first and is rewritten as the data
 * grow, so that a file whose process was killed is short of a second at most.
 */
#include "media/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "audio/wav_reader.h"
#include "audio/wav_samples.h"
#include "base/error.h"
#include "media/time.h"

enum { PIECE = 2048 /* samples that are written at once */ };

/* --- Opening -----------------------------------------------------------------------------------
 */

static size_t ring_room(const media_recorder_config *config) {
  size_t wanted = (size_t)config->rate * config->channels * MEDIA_RECORDER_SECONDS, room = 1;
  while (room < wanted) room *= 2;
  return room;
}

static size_t bytes_per_frame(const media_recorder *recorder) {
  return (size_t)audio_wav_sample_size(recorder->format.encoding) * recorder->format.channels;
}

static int fail(media_recorder *recorder, int error) {
  atomic_store_explicit(&recorder->error, error, memory_order_relaxed);
  return error;
}

/* All of it, or an error. */
static int write_all(media_recorder *recorder, const uint8_t *bytes, size_t len) {
  while (len > 0) {
    ssize_t written = write(recorder->fd, bytes, len);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail(recorder, written < 0 ? -errno : -EIO);
    bytes += written;
    len -= (size_t)written;
  }
  return 0;
}

static int write_header(media_recorder *recorder) {
  uint8_t header[AUDIO_WAV_HEADER_MAX];
  size_t len = audio_wav_header_write(&recorder->format, recorder->data, header);
  if (len == 0) return fail(recorder, -EFBIG);
  ssize_t written = pwrite(recorder->fd, header, len, 0);
  if (written != (ssize_t)len) return fail(recorder, written < 0 ? -errno : -ENOSPC);
  recorder->begins_at = (uint32_t)len;
  recorder->header_data = recorder->data;
  return 0;
}

static bool is_same(const audio_wav_format *a, const audio_wav_format *b) {
  return a->encoding == b->encoding && a->channels == b->channels && a->rate == b->rate;
}

/* The end of the data of a WAV of ours, or of one just like it: header, then data, and
 * nothing behind them. */
static int find_end(media_recorder *recorder) {
  uint8_t bytes[AUDIO_WAV_HEADER_MAX];
  struct stat info;
  if (fstat(recorder->fd, &info) < 0) return -errno;
  ssize_t got = pread(recorder->fd, bytes, sizeof bytes, 0);
  if (got <= 0) return got < 0 ? -errno : 1; /* empty: as a new one */
  audio_wav_reader reader;
  int16_t samples[AUDIO_WAV_HEADER_MAX];
  audio_wav_reader_init(&reader, AUDIO_WAV_MIX);
  sip_str text = sip_str_make((const char *)bytes, (size_t)got);
  while (text.len > 0 && !reader.error) {
    if (audio_wav_reader_feed(&reader, &text, samples, AUDIO_WAV_HEADER_MAX) == 0) break;
  }
  size_t header = audio_wav_header_size(&recorder->format);
  if (!reader.has_format || !is_same(&reader.format, &recorder->format)) return SIP_E_AUDIO;
  uint64_t data = (uint64_t)info.st_size > header ? (uint64_t)info.st_size - header : 0;
  recorder->data = data - data % bytes_per_frame(recorder);
  return 0;
}

/* A disk that others need too is full for us before it is. */
static int check_space(media_recorder *recorder) {
  struct statvfs disk;
  if (recorder->min_free == 0 || fstatvfs(recorder->fd, &disk) < 0) return 0;
  bool is_enough = (uint64_t)disk.f_bavail * disk.f_frsize >= recorder->min_free;
  return is_enough ? 0 : fail(recorder, -ENOSPC);
}

static int open_file(media_recorder *recorder, const media_recorder_config *config) {
  int flags = O_RDWR | O_CREAT | O_CLOEXEC | (config->append ? 0 : O_TRUNC);
  recorder->fd = open(config->path, flags, 0644);
  if (recorder->fd < 0) return -errno;
  int error = config->append ? find_end(recorder) : 1;
  if (error < 0) return error;
  error = check_space(recorder);
  if (!error) error = write_header(recorder);
  if (error) return error;
  uint64_t end = recorder->begins_at + recorder->data;
  if (ftruncate(recorder->fd, (off_t)end) < 0 || lseek(recorder->fd, (off_t)end, SEEK_SET) < 0) {
    return -errno;
  }
  return 0;
}

int media_recorder_open(sip_alloc *alloc, const media_recorder_config *config,
                        media_recorder **out) {
  size_t room = ring_room(config), head = (sizeof(media_recorder) + 15) / 16 * 16;
  size_t size = head + room * sizeof(int16_t);
  char *block = sip_alloc_zero(alloc, size);
  if (!block) return SIP_E_MEMORY;
  media_recorder *recorder = (media_recorder *)(void *)block;
  recorder->size = size;
  recorder->fd = -1;
  recorder->min_free = config->min_free;
  sip_link_init(&recorder->link);
  recorder->format = (audio_wav_format){
      .encoding = config->encoding, .channels = config->channels, .rate = config->rate};
  media_ring_init(&recorder->ring, block + head, sizeof(int16_t), room);
  int error = open_file(recorder, config);
  if (error) {
    media_recorder_free(alloc, recorder);
    return error;
  }
  *out = recorder;
  return 0;
}

void media_recorder_free(sip_alloc *alloc, media_recorder *recorder) {
  if (!recorder) return;
  if (recorder->fd >= 0) close(recorder->fd);
  sip_alloc_free(alloc, recorder, recorder->size);
}

/* --- Writing ------------------------------------------------------------------------------------
 */

static int write_piece(media_recorder *recorder, const int16_t *samples, size_t count) {
  uint8_t bytes[2 * PIECE];
  size_t len = audio_wav_encode(recorder->format.encoding, audio_span_make(samples, count), bytes);
  if (recorder->data + len > audio_wav_data_max(&recorder->format)) return fail(recorder, -EFBIG);
  int error = write_all(recorder, bytes, len);
  if (!error) recorder->data += len;
  return error;
}

static uint64_t bytes_of(const media_recorder *recorder, uint64_t ms) {
  return ms * recorder->format.rate / 1000 * bytes_per_frame(recorder);
}

/* The silence that ended it is cut off, and the odd byte of 8-bit data padded. */
static void finish(media_recorder *recorder) {
  uint64_t trim = bytes_of(recorder, recorder->trim_ms);
  recorder->trim_ms = 0;
  recorder->data -= trim < recorder->data ? trim : recorder->data;
  uint64_t end = recorder->begins_at + recorder->data;
  if (ftruncate(recorder->fd, (off_t)(end + end % 2)) < 0) fail(recorder, -errno);
  write_header(recorder);
}

void media_recorder_write(media_recorder *recorder) {
  int16_t samples[PIECE];
  size_t count;
  bool is_sound = atomic_load_explicit(&recorder->error, memory_order_relaxed) == 0;
  while (is_sound && (count = media_ring_take(&recorder->ring, samples, PIECE)) > 0) {
    is_sound = write_piece(recorder, samples, count) == 0;
  }
  if (recorder->is_over) {
    finish(recorder);
  } else if (is_sound && recorder->data - recorder->header_data >= bytes_of(recorder, 1000)) {
    if (check_space(recorder) == 0) write_header(recorder);
  }
}

uint64_t media_recorder_ms(const media_recorder *recorder) {
  return recorder->data / bytes_per_frame(recorder) * 1000 / recorder->format.rate;
}
