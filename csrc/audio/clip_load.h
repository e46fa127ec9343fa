/* SPDX-License-Identifier: MIT
 *
 * A clip from the bytes of a sound file: WAV by audio/wav_reader, whatever else by
 * audio/sound_file. Allocates and takes long: never in the media thread.
 */
#ifndef MOONSIP_AUDIO_CLIP_LOAD_H
#define MOONSIP_AUDIO_CLIP_LOAD_H

#include "audio/clip.h"

typedef struct audio_load {
  sip_alloc_fn fn; /* the clip's memory, as for audio_clip_new */
  void *context;
  uint32_t max_seconds; /* of the clip; 0: 3600 */
  uint32_t rate;        /* to convert to; 0: the file's own */
  uint16_t channel;     /* as for audio/wav_reader */
} audio_load;

typedef struct audio_load_error {
  int code;         /* SIP_E_AUDIO, SIP_E_MEMORY, SIP_E_LIMIT */
  uint64_t at;      /* byte of the file, when it is WAV */
  const char *what; /* for people; lives as long as the process */
} audio_load_error;

/* NULL with `error` filled in. A file without a sample is an error. */
audio_clip *audio_clip_load(sip_str bytes, const audio_load *load, audio_load_error *error);

#endif
