/* SPDX-License-Identifier: MIT
 *
 * Words and pauses are counted in blocks of 10 ms until one of the bounds is reached.
 */
#include "audio/answering.h"

#include "audio/level.h"

enum { BLOCK_MS = 10 };

static const audio_answering_settings defaults = {
    .initial_silence = 2500,
    .greeting = 1500,
    .after_greeting_silence = 800,
    .total = 5000,
    .min_word = 100,
    .max_word = 5000,
    .between_words = 50,
    .max_words = 2,
    .threshold = AUDIO_SILENCE_THRESHOLD,
};

static uint32_t or_else(uint32_t value, uint32_t otherwise) {
  return value ? value : otherwise;
}

void audio_answering_init(audio_answering *answering, uint32_t rate,
                          const audio_answering_settings *settings) {
  audio_answering_settings s = settings ? *settings : (audio_answering_settings){0};
  *answering = (audio_answering){
      .settings =
          {
              .initial_silence = or_else(s.initial_silence, defaults.initial_silence),
              .greeting = or_else(s.greeting, defaults.greeting),
              .after_greeting_silence =
                  or_else(s.after_greeting_silence, defaults.after_greeting_silence),
              .total = or_else(s.total, defaults.total),
              .min_word = or_else(s.min_word, defaults.min_word),
              .max_word = or_else(s.max_word, defaults.max_word),
              .between_words = or_else(s.between_words, defaults.between_words),
              .max_words = or_else(s.max_words, defaults.max_words),
              .threshold = or_else(s.threshold, defaults.threshold),
          },
      .block.size = (uint32_t)audio_samples(rate, BLOCK_MS),
  };
}

static void decide(audio_answering *a, audio_answerer answerer, audio_answering_cause cause) {
  a->answerer = answerer;
  a->cause = cause;
}

static void silent(audio_answering *a) {
  a->silence_ms += BLOCK_MS;
  if (a->silence_ms >= a->settings.between_words) {
    a->in_word = false;
    a->voice_ms = 0; /* what was too short is no word */
  }
  if (!a->in_greeting && a->silence_ms >= a->settings.initial_silence) {
    decide(a, AUDIO_ANSWERER_MACHINE, AUDIO_ANSWERING_INITIAL_SILENCE);
  } else if (a->in_greeting && a->silence_ms >= a->settings.after_greeting_silence) {
    decide(a, AUDIO_ANSWERER_HUMAN, AUDIO_ANSWERING_AFTER_GREETING_SILENCE);
  }
}

static void loud(audio_answering *a) {
  a->voice_ms += BLOCK_MS;
  if (a->in_greeting) a->greeting_ms += BLOCK_MS;
  if (a->voice_ms < a->settings.min_word) return;
  if (!a->in_word) a->words++;
  if (!a->in_greeting) a->greeting_ms = a->voice_ms;
  a->in_word = a->in_greeting = true;
  a->silence_ms = 0;
  if (a->voice_ms >= a->settings.max_word) {
    decide(a, AUDIO_ANSWERER_MACHINE, AUDIO_ANSWERING_MAX_WORD);
  } else if (a->words > a->settings.max_words) {
    decide(a, AUDIO_ANSWERER_MACHINE, AUDIO_ANSWERING_MAX_WORDS);
  } else if (a->greeting_ms >= a->settings.greeting) {
    decide(a, AUDIO_ANSWERER_MACHINE, AUDIO_ANSWERING_GREETING);
  }
}

static void step(audio_answering *a) {
  a->elapsed_ms += BLOCK_MS;
  if (a->sum >= (uint64_t)a->settings.threshold * a->block.size) {
    loud(a);
  } else {
    silent(a);
  }
  if (a->cause == AUDIO_ANSWERING_NONE && a->elapsed_ms >= a->settings.total) {
    decide(a, AUDIO_ANSWERER_UNKNOWN, AUDIO_ANSWERING_TOTAL);
  }
}

bool audio_answering_feed(audio_answering *answering, audio_span in) {
  while (in.len > 0 && answering->cause == AUDIO_ANSWERING_NONE) {
    answering->sum += audio_magnitude(audio_block_take(&answering->block, &in));
    if (!audio_block_finish(&answering->block)) continue;
    step(answering);
    answering->sum = 0;
  }
  return answering->cause != AUDIO_ANSWERING_NONE;
}
