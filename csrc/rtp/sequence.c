/* SPDX-License-Identifier: MIT
 *
 * The algorithm of RFC 3550 A.1, on counts of 64 bits; and a packet in sequence clears
 * a stray, so that two strays make a restart only when nothing came between them.
 */
#include "rtp/sequence.h"

#include "rtp/time.h"

#define NO_STRAY UINT32_MAX

void rtp_sequence_init(rtp_sequence *sequence, uint16_t probation) {
  *sequence =
      (rtp_sequence){.expected_stray = NO_STRAY, .wanted = probation, .probation = probation};
}

static void begin(rtp_sequence *s, uint16_t number) {
  s->highest = s->first = number;
  s->received = 1;
  s->expected_prior = s->received_prior = 0;
  s->expected_stray = NO_STRAY;
}

/* Not valid yet: packets in a row are wanted. */
static rtp_sequence_verdict prove(rtp_sequence *s, uint16_t number) {
  bool in_row = s->heard && number == (uint16_t)(s->highest + 1);
  if (!in_row && s->heard) s->probation = s->wanted;
  s->heard = true;
  s->highest = number;
  if (s->probation > 0) s->probation--;
  if (s->probation > 0) return RTP_SEQUENCE_PROBATION;
  begin(s, number);
  return RTP_SEQUENCE_NEWER;
}

rtp_sequence_verdict rtp_sequence_receive(rtp_sequence *s, uint16_t number) {
  if (s->probation > 0 || !s->heard) return prove(s, number);
  int16_t ahead = rtp_sequence_ahead(number, (uint16_t)s->highest);
  if (ahead > 0 && ahead < RTP_MAX_DROPOUT) {
    s->highest += (uint64_t)ahead;
  } else if (ahead <= 0 && ahead > -RTP_MAX_MISORDER) {
    s->received++;
    return RTP_SEQUENCE_OLDER;
  } else if (number == s->expected_stray) {
    begin(s, number);
    return RTP_SEQUENCE_RESTARTED;
  } else {
    s->expected_stray = (uint16_t)(number + 1);
    return RTP_SEQUENCE_STRAY;
  }
  s->received++;
  s->expected_stray = NO_STRAY;
  return RTP_SEQUENCE_NEWER;
}

static uint64_t expected(const rtp_sequence *s) {
  return s->received > 0 ? s->highest - s->first + 1 : 0;
}

int64_t rtp_sequence_lost(const rtp_sequence *sequence) {
  return (int64_t)(expected(sequence) - sequence->received);
}

uint8_t rtp_sequence_fraction_lost(rtp_sequence *s) {
  uint64_t now_expected = expected(s);
  int64_t interval = (int64_t)(now_expected - s->expected_prior);
  int64_t lost = interval - (int64_t)(s->received - s->received_prior);
  s->expected_prior = now_expected;
  s->received_prior = s->received;
  if (interval <= 0 || lost <= 0) return 0;
  int64_t fraction = lost * 256 / interval;
  return fraction > UINT8_MAX ? UINT8_MAX : (uint8_t)fraction;
}
