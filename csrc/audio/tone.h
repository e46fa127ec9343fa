/* SPDX-License-Identifier: MIT
 *
 * What a tone is: frequencies and pauses in time (ITU-T E.180), as text and as a table.
 *
 *   tone    = part *( "," part ) *( ";" name "=" value )
 *   part    = ["!"] pitch ["/" ms]       "!": the first time only
 *   pitch   = hz *3( "+" hz )            a sum of up to four
 *           / hz "*" hz                  the first, its loudness swinging with the second
 *           / "0"                        a pause
 *   options = ";level=" dBm0             of each frequency, -60 to 3; -13
 *           / ";repeat=" times           of the parts without "!", 0 forever (the default)
 *
 * "440+480/2000,0/4000", "!950/330,!1400/330,!1800/330,0;level=-10", "425". A part without
 * a time never ends. When each part has a "!", the tone ends after them.
 */
#ifndef MOONSIP_AUDIO_TONE_H
#define MOONSIP_AUDIO_TONE_H

#include <stdbool.h>

#include "base/str.h"

enum {
  AUDIO_TONE_PARTS_MAX = 24,
  AUDIO_TONE_PITCHES = 4,
  AUDIO_TONE_HZ_MAX = 20000,
  AUDIO_TONE_MS_MAX = 3600000, /* of a part */
  AUDIO_TONE_REPEAT_MAX = 1000000,
};

typedef struct audio_tone_part {
  uint16_t hz[AUDIO_TONE_PITCHES]; /* the unused are 0; all 0: a pause */
  bool modulated;                  /* hz[0] by hz[1] */
  bool once;                       /* not repeated */
  uint32_t ms;                     /* 0: endless */
} audio_tone_part;

typedef struct audio_tone {
  audio_tone_part parts[AUDIO_TONE_PARTS_MAX];
  uint8_t count;
  int8_t level;    /* dBm0 of each frequency */
  uint32_t repeat; /* times; 0: forever */
} audio_tone;

/* What goes wrong in a text, for people. */
typedef struct audio_tone_error {
  size_t at;        /* byte */
  const char *what; /* "a frequency is 1 to 20000 Hz" */
} audio_tone_error;

/* False, with `error` filled in (it may be NULL), for what is no tone. Instead of its
 * parts a name of audio/tone_table may stand, with the country after a slash, "us" without
 * one: "ringback/de;repeat=3", "beep". */
bool audio_tone_parse(sip_str text, audio_tone *out, audio_tone_error *error);

/* One key: 0-9 * # A-D in either case (ITU-T Q.23), then a pause. False for another. */
bool audio_tone_of_digit(char digit, uint32_t on_ms, uint32_t off_ms, audio_tone *out);

/* Milliseconds from begin to end; 0 for a tone that never ends. */
uint64_t audio_tone_length(const audio_tone *tone);

#endif
