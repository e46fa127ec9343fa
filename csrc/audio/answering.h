/* SPDX-License-Identifier: MIT
 *
 * Who answered: people say a word or two and wait, machines speak on. Told from the
 * lengths of words and pauses alone, with the parameters that Asterisk users know; right
 * about four times in five, so take it as a hint.
 */
#ifndef MOONSIP_AUDIO_ANSWERING_H
#define MOONSIP_AUDIO_ANSWERING_H

#include "audio/silence.h"

/* Milliseconds, except for words and threshold; 0: the default in brackets. */
typedef struct audio_answering_settings {
  uint32_t initial_silence;        /* nothing for this long: a machine [2500] */
  uint32_t greeting;               /* speech for this long: a machine [1500] */
  uint32_t after_greeting_silence; /* silence for this long after it: a human [800] */
  uint32_t total;                  /* to decide within [5000] */
  uint32_t min_word;               /* shorter is no word [100] */
  uint32_t max_word;               /* a longer one: a machine [5000] */
  uint32_t between_words;          /* silence that separates two [50] */
  uint32_t max_words;              /* more than so many: a machine [2] */
  uint32_t threshold;              /* mean amplitude [256] */
} audio_answering_settings;

typedef enum audio_answerer {
  AUDIO_ANSWERER_UNKNOWN, /* not yet; or the time was over, with AUDIO_ANSWERING_TOTAL */
  AUDIO_ANSWERER_HUMAN,
  AUDIO_ANSWERER_MACHINE,
} audio_answerer;

typedef enum audio_answering_cause {
  AUDIO_ANSWERING_NONE, /* undecided */
  AUDIO_ANSWERING_INITIAL_SILENCE,
  AUDIO_ANSWERING_GREETING,
  AUDIO_ANSWERING_AFTER_GREETING_SILENCE,
  AUDIO_ANSWERING_MAX_WORD,
  AUDIO_ANSWERING_MAX_WORDS,
  AUDIO_ANSWERING_TOTAL,
} audio_answering_cause;

typedef struct audio_answering {
  audio_answering_settings settings; /* with defaults filled in */
  audio_block block;
  uint64_t sum;
  uint32_t elapsed_ms, voice_ms, silence_ms; /* in all; of this word; of this pause */
  uint32_t greeting_ms;                      /* of speech in all */
  uint32_t words;
  bool in_word, in_greeting;
  audio_answerer answerer;
  audio_answering_cause cause;
} audio_answering;

/* settings NULL: the defaults. */
void audio_answering_init(audio_answering *answering, uint32_t rate,
                          const audio_answering_settings *settings);

/* All of `in`. True once it is decided: see answerer and cause, which stay. */
bool audio_answering_feed(audio_answering *answering, audio_span in);

#endif
