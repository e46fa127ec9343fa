/* SPDX-License-Identifier: MIT
 *
 * Sound files of other kinds than WAV (mp3, ogg, opus, flac, aiff, au ...) through
 * libsndfile, read from memory. It allocates and takes long: never in the media thread.
 */
#ifndef MOONSIP_AUDIO_SOUND_FILE_H
#define MOONSIP_AUDIO_SOUND_FILE_H

#include "audio/sample.h"
#include "base/str.h"

typedef struct audio_sound_file audio_sound_file;

/* NULL with `what` set to a text for people, which lives as long as the process. Built
 * without libsndfile: always, and the text names the package. `bytes`: the whole file,
 * kept by the caller until close. channel as for audio/wav_reader. */
audio_sound_file *audio_sound_file_open(sip_str bytes, uint16_t channel, const char **what);
void audio_sound_file_close(audio_sound_file *file); /* NULL is fine */

uint32_t audio_sound_file_rate(const audio_sound_file *file);

/* Mono samples; 0 at the end. */
size_t audio_sound_file_read(audio_sound_file *file, int16_t *out, size_t room);

#endif
