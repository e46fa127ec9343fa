/* SPDX-License-Identifier: MIT
 *
 * libsndfile's virtual files over a slice of memory.
 */
#include "audio/sound_file.h"

#include <sndfile.h>
#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"

enum { CHANNELS_MAX = 32, PIECE = 2048 /* samples of all channels */ };

struct audio_sound_file {
  sip_alloc alloc;
  SNDFILE *file;
  SF_INFO info;
  uint16_t channel;
  sip_str bytes;
  sf_count_t at;
};

static sf_count_t get_length(void *user) {
  audio_sound_file *f = user;
  return (sf_count_t)f->bytes.len;
}

static sf_count_t seek(sf_count_t offset, int whence, void *user) {
  audio_sound_file *f = user;
  sf_count_t len = (sf_count_t)f->bytes.len;
  sf_count_t from = whence == SF_SEEK_CUR ? f->at : whence == SF_SEEK_END ? len : 0;
  if (offset < -from || offset > INT32_MAX) return -1;
  f->at = from + offset; /* also beyond the end, where there is nothing to read */
  return f->at;
}

static sf_count_t read_bytes(void *out, sf_count_t count, void *user) {
  audio_sound_file *f = user;
  sf_count_t left = (sf_count_t)f->bytes.len - f->at;
  if (count > left) count = left;
  if (count <= 0) return 0;
  memcpy(out, f->bytes.ptr + f->at, (size_t)count);
  f->at += count;
  return count;
}

static sf_count_t refuse(const void *bytes, sf_count_t count, void *user) {
  (void)bytes, (void)count, (void)user;
  return 0;
}

static sf_count_t tell(void *user) {
  audio_sound_file *f = user;
  return f->at;
}

static const char *open_it(audio_sound_file *f) {
  SF_VIRTUAL_IO io = {
      .get_filelen = get_length, .seek = seek, .read = read_bytes, .write = refuse, .tell = tell};
  f->file = sf_open_virtual(&io, SFM_READ, &f->info, f);
  if (!f->file) return sf_error_number(sf_error(NULL));
  bool sound = f->info.channels >= 1 && f->info.channels <= CHANNELS_MAX &&
               f->info.samplerate >= AUDIO_RATE_MIN && f->info.samplerate <= AUDIO_RATE_MAX;
  if (!sound) return "no channel or more than 32, or a rate that is not 1000 to 384000 Hz";
  return f->channel > f->info.channels ? "fewer channels than the one that is wanted" : NULL;
}

audio_sound_file *audio_sound_file_open(sip_str bytes, uint16_t channel, const char **what) {
  sip_alloc alloc;
  sip_alloc_init(&alloc, NULL, NULL);
  audio_sound_file *f = sip_alloc_zero(&alloc, sizeof *f);
  *what = "out of memory";
  if (!f) return NULL;
  f->alloc = alloc;
  f->bytes = bytes;
  f->channel = channel;
  *what = open_it(f);
  if (!*what) return f;
  audio_sound_file_close(f);
  return NULL;
}

void audio_sound_file_close(audio_sound_file *file) {
  if (!file) return;
  if (file->file) sf_close(file->file);
  sip_alloc alloc = file->alloc;
  sip_alloc_free(&alloc, file, sizeof *file);
}

uint32_t audio_sound_file_rate(const audio_sound_file *file) {
  return (uint32_t)file->info.samplerate;
}

size_t audio_sound_file_read(audio_sound_file *file, int16_t *out, size_t room) {
  int16_t piece[PIECE];
  size_t channels = (size_t)file->info.channels, most = PIECE / channels;
  size_t first = file->channel ? file->channel - 1U : 0;
  size_t end = file->channel ? file->channel : channels;
  if (room > most) room = most;
  sf_count_t count = sf_readf_short(file->file, piece, (sf_count_t)room);
  for (sf_count_t n = 0; n < count; n++) {
    int32_t sum = 0;
    for (size_t i = first; i < end; i++) sum += piece[(size_t)n * channels + i];
    out[n] = (int16_t)(sum / (int32_t)(end - first));
  }
  return count > 0 ? (size_t)count : 0;
}
