/* SPDX-License-Identifier: MIT
 *
 * Texts to look for inside another one, without case, all of them in one pass however many
 * there are (Aho and Corasick).
 */
#ifndef MOONSIP_GUARD_PATTERNS_H
#define MOONSIP_GUARD_PATTERNS_H

#include <stdint.h>

#include "base/alloc.h"
#include "base/str.h"

enum { GUARD_PATTERNS_MAX = 256, GUARD_PATTERN_MAX = 64, GUARD_STATES_MAX = 4096 };

typedef struct guard_patterns {
  sip_alloc *alloc;
  uint16_t *next; /* by state and letter; all bytes of no pattern are letter 0 */
  size_t room;    /* of next */
  uint16_t states;
  uint16_t letters;
  uint8_t letter_of[256];
  uint8_t ends[GUARD_STATES_MAX / 8]; /* bit by state: a pattern ends here */
} guard_patterns;

/* 0, SIP_E_MEMORY; SIP_E_LIMIT: too many patterns, or too long ones; SIP_E_INVALID: an
 * empty one. */
int guard_patterns_init(guard_patterns *patterns, sip_alloc *alloc, const sip_str *texts,
                        size_t count);
void guard_patterns_deinit(guard_patterns *patterns);

/* True when one of the patterns is in the text. */
bool guard_patterns_find(const guard_patterns *patterns, sip_str text);

#endif
