/* SPDX-License-Identifier: MIT
 *
 * States are the beginnings of the patterns. From each and every byte a step leads to the
 * longest beginning that the text read so far ends with: one table, one load for a byte.
 */
#include "guard/patterns.h"

#include <string.h>

#include "base/chars.h"
#include "base/error.h"

static uint16_t *step(const guard_patterns *patterns, uint16_t state, uint16_t letter) {
  return &patterns->next[(size_t)state * patterns->letters + letter];
}

static bool is_end(const guard_patterns *patterns, uint16_t state) {
  return patterns->ends[state / 8] >> state % 8 & 1;
}

static void set_end(guard_patterns *patterns, uint16_t state) {
  patterns->ends[state / 8] = (uint8_t)(patterns->ends[state / 8] | 1U << state % 8);
}

/* A letter for each byte that occurs; 0, or an error. *states: as many as there may be. */
static int take_letters(guard_patterns *patterns, const sip_str *texts, size_t count,
                        size_t *states) {
  patterns->letters = 1;
  *states = 1;
  if (count > GUARD_PATTERNS_MAX) return SIP_E_LIMIT;
  for (size_t i = 0; i < count; i++) {
    if (texts[i].len == 0) return SIP_E_INVALID;
    if (texts[i].len > GUARD_PATTERN_MAX) return SIP_E_LIMIT;
    *states += texts[i].len;
    for (size_t at = 0; at < texts[i].len; at++) {
      uint8_t *letter = &patterns->letter_of[(uint8_t)sip_char_lower(texts[i].ptr[at])];
      if (!*letter) *letter = (uint8_t)patterns->letters++;
    }
  }
  for (int c = 'A'; c <= 'Z'; c++) {
    patterns->letter_of[c] = patterns->letter_of[(uint8_t)sip_char_lower((char)c)];
  }
  return *states > GUARD_STATES_MAX ? SIP_E_LIMIT : 0;
}

static void add_pattern(guard_patterns *patterns, sip_str text) {
  uint16_t state = 0;
  for (size_t at = 0; at < text.len; at++) {
    uint16_t *to = step(patterns, state, patterns->letter_of[(uint8_t)text.ptr[at]]);
    if (!*to) *to = patterns->states++;
    state = *to;
  }
  set_end(patterns, state);
}

/* Steps that no pattern takes: those of the longest other beginning that fits, which is
 * shorter, so states are visited by their length. */
static void add_falls(guard_patterns *patterns, uint16_t *queue, uint16_t *fall) {
  size_t first = 0, last = 0;
  for (uint16_t letter = 1; letter < patterns->letters; letter++) {
    uint16_t to = *step(patterns, 0, letter);
    if (to) queue[last++] = to;
  }
  while (first < last) {
    uint16_t state = queue[first++];
    if (is_end(patterns, fall[state])) set_end(patterns, state);
    for (uint16_t letter = 1; letter < patterns->letters; letter++) {
      uint16_t *to = step(patterns, state, letter);
      uint16_t other = *step(patterns, fall[state], letter);
      if (*to) {
        fall[*to] = other;
        queue[last++] = *to;
      } else {
        *to = other;
      }
    }
  }
}

int guard_patterns_init(guard_patterns *patterns, sip_alloc *alloc, const sip_str *texts,
                        size_t count) {
  *patterns = (guard_patterns){.alloc = alloc, .states = 1};
  size_t states;
  int error = take_letters(patterns, texts, count, &states);
  if (error) return error;
  size_t work = 2 * states * sizeof(uint16_t);
  patterns->room = states * patterns->letters * sizeof *patterns->next;
  patterns->next = sip_alloc_zero(alloc, patterns->room);
  uint16_t *queue = sip_alloc_zero(alloc, work);
  if (patterns->next && queue) {
    for (size_t i = 0; i < count; i++) add_pattern(patterns, texts[i]);
    add_falls(patterns, queue, queue + states);
  } else {
    guard_patterns_deinit(patterns);
    error = SIP_E_MEMORY;
  }
  sip_alloc_free(alloc, queue, work);
  return error;
}

void guard_patterns_deinit(guard_patterns *patterns) {
  sip_alloc_free(patterns->alloc, patterns->next, patterns->room);
  *patterns = (guard_patterns){.alloc = patterns->alloc};
}

bool guard_patterns_find(const guard_patterns *patterns, sip_str text) {
  if (!patterns->next) return false;
  uint16_t state = 0;
  for (size_t at = 0; at < text.len; at++) {
    state = *step(patterns, state, patterns->letter_of[(uint8_t)text.ptr[at]]);
    if (is_end(patterns, state)) return true;
  }
  return false;
}
