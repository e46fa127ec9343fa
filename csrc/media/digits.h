/* SPDX-License-Identifier: MIT
 *
 * Digits as one call has them: each key press once, whichever ways it came by (telephone
 * events, SIP INFO, the audio itself), and those that nobody waits for yet typed ahead.
 */
#ifndef MOONSIP_MEDIA_DIGITS_H
#define MOONSIP_MEDIA_DIGITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtp/telephone_event.h"
#include "rtp/time.h"

enum {
  MEDIA_TYPE_AHEAD = 32,
  /* The same digit by another way within this long is the same key press. */
  MEDIA_SAME_PRESS_MS = 250
};

typedef enum media_digit_way {
  MEDIA_DIGIT_EVENT,  /* RFC 4733 */
  MEDIA_DIGIT_INFO,   /* signalling */
  MEDIA_DIGIT_INBAND, /* the audio */
  MEDIA_DIGIT_WAYS
} media_digit_way;

/* A set of digits: a bit for each, in the order of RFC 4733's events 0 to 15. */
typedef uint16_t media_digit_set;
#define MEDIA_DIGITS_ANY ((media_digit_set)0xffff)

static inline bool media_digit_in(media_digit_set set, char digit) {
  int number = rtp_event_of_digit(digit);
  return number >= 0 && (set >> number & 1) != 0;
}

typedef struct media_digits {
  char typed[MEDIA_TYPE_AHEAD]; /* ahead, oldest first */
  uint8_t count;
  char last;        /* the last key press, 0 for none */
  uint8_t ways;     /* it came by: bits of media_digit_way */
  uint8_t down;     /* those of them by which it is still held down */
  rtp_time last_at; /* when it began, or ended if it has */
} media_digits;

/* A digit begins at `now`: false when it is a key press that was seen already. */
bool media_digits_begin(media_digits *digits, char digit, media_digit_way way, rtp_time now);
void media_digits_end(media_digits *digits, media_digit_way way, rtp_time now);

/* Keeps one for later; the 33rd is lost. */
void media_digits_keep(media_digits *digits, char digit);
/* The oldest that was kept, taken out; 0 for none. */
char media_digits_next(media_digits *digits);
void media_digits_flush(media_digits *digits);

#endif
