/* SPDX-License-Identifier: MIT
 *
 * event (8) | E (1) R (1) volume (6) | duration (16)
 */
#include "rtp/telephone_event.h"

#include "rtp/bytes.h"

enum { END_BIT = 0x80, VOLUME_BITS = 0x3f, CODE_MAX = 255 };

static const char digits[RTP_EVENT_DIGITS] = "0123456789*#ABCD";

bool rtp_event_parse(const uint8_t *bytes, size_t len, rtp_event *out) {
  if (len < RTP_EVENT_SIZE) return false;
  *out = (rtp_event){.code = bytes[0],
                     .end = bytes[1] & END_BIT,
                     .volume = bytes[1] & VOLUME_BITS,
                     .duration = rtp_get16(bytes + 2)};
  return true;
}

void rtp_event_write(const rtp_event *event, uint8_t out[RTP_EVENT_SIZE]) {
  out[0] = event->code;
  out[1] = (uint8_t)((event->end ? END_BIT : 0) | (event->volume & VOLUME_BITS));
  rtp_put16(out + 2, event->duration);
}

char rtp_event_digit(uint8_t code) {
  return code < RTP_EVENT_DIGITS ? digits[code] : 0;
}

int rtp_event_of_digit(char digit) {
  if (digit >= 'a' && digit <= 'd') digit = (char)(digit - 'a' + 'A');
  const char *at = digit ? memchr(digits, digit, sizeof digits) : NULL;
  return at ? (int)(at - digits) : -1;
}

typedef struct event_name {
  uint8_t code;
  const char *name;
} event_name;

/* RFC 4734 tables 2 to 7; dial tone and the like keep the codes of RFC 2833 3.12. */
static const event_name names[] = {
    {RTP_EVENT_FLASH, "flash"},
    {RTP_EVENT_ANS, "ANS"},
    {33, "/ANS"},
    {34, "ANSam"},
    {35, "/ANSam"},
    {RTP_EVENT_CNG, "CNG"},
    {37, "V.21 channel 1, 0"},
    {38, "V.21 channel 1, 1"},
    {39, "V.21 channel 2, 0"},
    {40, "V.21 channel 2, 1"},
    {49, "CT"},
    {52, "ANS2225"},
    {53, "CI"},
    {54, "V.21 preamble"},
    {66, "dial tone"},
    {70, "ringback"},
    {72, "busy"},
    {73, "congestion"},
};

sip_str rtp_event_name(uint8_t code) {
  if (code < RTP_EVENT_DIGITS) return sip_str_make(&digits[code], 1);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (names[i].code == code) return sip_str_make(names[i].name, strlen(names[i].name));
  }
  return (sip_str){0};
}

static void add_range(rtp_event_set *set, uint64_t from, uint64_t to) {
  for (uint64_t code = from; code <= to; code++) {
    set->bits[code / 64] |= UINT64_C(1) << code % 64;
  }
}

/* "66" or "0-15" */
static bool add_element(rtp_event_set *set, sip_str text) {
  uint64_t from, to;
  size_t dash = sip_str_index(text, '-');
  if (!sip_str_to_number(sip_str_make(text.ptr, dash), CODE_MAX, &from)) return false;
  to = from;
  if (dash < text.len &&
      !sip_str_to_number(sip_str_between(text.ptr + dash + 1, text.ptr + text.len), CODE_MAX,
                         &to)) {
    return false;
  }
  add_range(set, from, to);
  return from <= to;
}

bool rtp_event_set_parse(sip_str text, rtp_event_set *out) {
  bool sound = true;
  *out = (rtp_event_set){0};
  for (sip_str rest = text; rest.len > 0 && sound;) {
    size_t comma = sip_str_index(rest, ',');
    sound = add_element(out, sip_str_make(rest.ptr, comma)) && comma + 1 != rest.len;
    size_t used = comma < rest.len ? comma + 1 : comma;
    rest = sip_str_make(rest.ptr + used, rest.len - used);
  }
  if (sound && text.len > 0) return true;
  *out = (rtp_event_set){0};
  add_range(out, 0, RTP_EVENT_DIGITS - 1);
  return sound;
}
