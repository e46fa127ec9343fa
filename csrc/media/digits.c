/* SPDX-License-Identifier: MIT
 *
 * One key may be heard by two or three ways, each with its own delay. The first way
 * counts; the others of the same press are recognised by being of another way, of the
 * same digit, and close in time. The same way again is another press.
 */
#include "media/digits.h"

#include <string.h>

static bool is_same_press(const media_digits *digits, char digit, media_digit_way way,
                          rtp_time now) {
  if (digits->last != digit || (digits->ways >> way & 1) != 0) return false;
  return digits->down || rtp_time_since(now, digits->last_at) <= MEDIA_SAME_PRESS_MS * RTP_MS;
}

bool media_digits_begin(media_digits *digits, char digit, media_digit_way way, rtp_time now) {
  bool is_new = !is_same_press(digits, digit, way, now);
  if (is_new) {
    digits->last = digit;
    digits->ways = digits->down = 0;
    digits->last_at = now;
  }
  digits->ways |= (uint8_t)(1u << way);
  digits->down |= (uint8_t)(1u << way);
  return is_new;
}

void media_digits_end(media_digits *digits, media_digit_way way, rtp_time now) {
  if ((digits->down >> way & 1) == 0) return;
  digits->down &= (uint8_t) ~(1u << way);
  digits->last_at = now;
}

void media_digits_keep(media_digits *digits, char digit) {
  if (digits->count < MEDIA_TYPE_AHEAD) digits->typed[digits->count++] = digit;
}

char media_digits_next(media_digits *digits) {
  if (digits->count == 0) return 0;
  char digit = digits->typed[0];
  memmove(digits->typed, digits->typed + 1, --digits->count);
  return digit;
}

void media_digits_flush(media_digits *digits) {
  digits->count = 0;
}
